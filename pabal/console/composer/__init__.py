"""The composer of KakaoTalk messages: the form's names are the message's paths, and the server does every change.

`reading` makes a message of a form, `editing` adds, removes, moves, `switching` changes the layout, `drawing` says what
the page shows for it. Limits and checks are `pabal.kakao`'s alone.
"""
