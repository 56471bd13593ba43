"""Sign-up forms: how people agree to texts by themselves.

forms       a form made, changed, archived
taking      somebody fills it in: checked, limited, kept once
confirming  the one text that asks whether it was really they
deciding    confirmed by link or reply, refused, expired; consent with its evidence
page        the form and the pages around it as HTML, for the edge and the console's preview
words       what they say, in Korean and English
evidence    where it happened, kept without the address itself
"""
