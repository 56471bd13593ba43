"""KakaoTalk messages: what they are made of, what each layout allows, and what is wrong with one.

Pure: no Django, no I/O, nothing else of ours. The composer, the review, the plan, the bubble and the adapters all read
the same structs (`message`) and the same limits (`limits.toml`).
"""
