"""What a recipient's reply means: stop, start, help, or nothing of the kind.

The whole reply must be the word, whatever its case, accents, punctuation, width and spaces: "Stop!" and "수신 거부" count,
"stop by our shop" does not. A wish to stop is honoured in every language, wherever the phone is from; START and HELP are
read in English and the languages of the country.

Sources: 47 CFR 64.1200(a)(10) names stop, quit, end, revoke, opt out, cancel and unsubscribe, and any other reasonable
wording; CTIA Messaging Principles for START and HELP; 정보통신망법 §50(4), (6) for Korea; elsewhere the words that carriers
and gateways document beside STOP: ARRET in France, STOPP in Germany, BAJA in Spain.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import cache
from typing import Literal

Reply = Literal["stop", "start", "help"]

STOP_WORDS: dict[str, tuple[str, ...]] = {
    "en": (
        "STOP", "STOP ALL", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE",
        "UNSUB", "REMOVE", "REMOVE ME", "STOP IT", "STOP PLEASE", "PLEASE STOP", "STOP TEXTING ME", "DO NOT TEXT",
    ),
    "ko": (
        "수신거부", "거부", "그만", "중지", "해지", "수신거절", "거절", "수신중지", "수신해지", "광고거부", "광고수신거부",
        "무료수신거부", "무료거부", "문자거부", "차단", "정지", "취소", "구독취소", "구독해지", "탈퇴", "철회", "동의철회",
        "스톱", "스탑", "그만보내", "그만보내요", "그만보내세요", "그만 보내주세요", "보내지마", "보내지마세요", "보내지 말아주세요",
    ),
    "fr": ("ARRET", "ARRETER", "ARRETEZ", "STOP PUB", "STOP SMS", "DESABONNER", "DESINSCRIPTION"),
    "de": ("STOPP", "ENDE", "ABMELDEN", "ABBESTELLEN", "KÜNDIGEN"),
    "es": ("BAJA", "ALTO", "PARAR", "PARE", "CANCELAR", "DETENER", "DARME DE BAJA", "NO MAS"),
    "pt": ("SAIR", "PARAR", "PARE", "CANCELAR", "REMOVER"),
    "it": ("FERMA", "BASTA", "ANNULLA", "DISISCRIVIMI", "CANCELLAMI"),
    "nl": ("STOPPEN", "AFMELDEN", "UITSCHRIJVEN"),
    "sv": ("STOPPA", "AVSLUTA", "AVREGISTRERA"),
    "da": ("AFMELD", "FRAMELD"),
    "ja": ("停止", "配信停止", "解除", "ストップ", "中止"),
    "zh": ("退订", "退訂", "取消订阅", "取消訂閱", "停止"),
}  # fmt: skip

START_WORDS: dict[str, tuple[str, ...]] = {
    "en": ("START", "UNSTOP", "YES", "SUBSCRIBE", "OPT IN", "RESUME"),
    "ko": ("재수신", "재수신동의", "수신동의", "수신재개", "다시받기", "다시 받을게요", "동의", "구독"),
    "fr": ("OUI", "REPRENDRE", "REPRISE", "ABONNER"),
    "de": ("JA", "ANMELDEN", "STARTEN"),
    "es": ("ALTA", "SI", "INICIAR", "COMENZAR"),
    "pt": ("SIM", "INICIAR", "VOLTAR"),
    "it": ("SI", "INIZIA", "ISCRIVIMI"),
    "nl": ("JA", "AANMELDEN"),
    "sv": ("JA", "STARTA"),
    "da": ("JA", "TILMELD"),
    "ja": ("再開", "配信再開", "はい"),
    "zh": ("订阅", "訂閱", "恢复", "恢復"),
}

HELP_WORDS: dict[str, tuple[str, ...]] = {
    "en": ("HELP", "INFO"),
    "ko": ("도움말", "도움", "안내", "문의"),
    "fr": ("AIDE",),
    "de": ("HILFE",),
    "es": ("AYUDA",),
    "pt": ("AJUDA",),
    "it": ("AIUTO",),
    "nl": ("HULP",),
    "sv": ("HJÄLP",),
    "da": ("HJÆLP",),
    "ja": ("ヘルプ",),
    "zh": ("帮助", "幫助"),
}

#: Languages beside English in which people of a country answer.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "KR": ("ko",),
    "US": ("es",),
    "PR": ("es",),
    "CA": ("fr",),
    "JP": ("ja",),
    "BE": ("fr", "nl", "de"),
    "CH": ("de", "fr", "it"),
    "LU": ("fr", "de"),
    "SE": ("sv",),
    "DK": ("da",),
    "NO": ("da", "sv"),
    "FI": ("sv",),
    **dict.fromkeys(("FR", "MC", "GP", "MQ", "GF", "RE", "YT", "BL", "MF"), ("fr",)),
    **dict.fromkeys(("DE", "AT", "LI"), ("de",)),
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO", "PE", "EC", "UY", "PY", "BO", "VE", "CR", "PA", "GT", "HN", "SV"), ("es",)),
    **dict.fromkeys(("NI", "DO", "CU"), ("es",)),
    **dict.fromkeys(("PT", "BR", "AO", "MZ"), ("pt",)),
    **dict.fromkeys(("IT", "SM", "VA"), ("it",)),
    **dict.fromkeys(("NL", "SR"), ("nl",)),
    **dict.fromkeys(("CN", "TW", "HK", "MO", "SG"), ("zh",)),
}  # fmt: skip

#: Words that mean stop in one country only, because elsewhere they may mean anything.
LOCAL_STOP_WORDS: dict[str, tuple[str, ...]] = {"CN": ("T", "TD"), "TW": ("T", "TD")}

#: The one answer that may follow a reply, without any promotion. `{sender}`: who sent; `{day}`: when it was done.
CONFIRMATIONS: dict[Reply, dict[str, str]] = {
    "stop": {
        "en": "{sender}: You are unsubscribed and will get no more marketing texts. Reply START to resubscribe.",
        "ko": "[{sender}] {day} 수신거부가 처리되었습니다. 다시 받으시려면 '재수신' 회신",
        "fr": "{sender} : vous êtes désabonné et ne recevrez plus de SMS publicitaires. Répondez OUI pour vous réabonner.",
        "de": "{sender}: Sie sind abgemeldet und erhalten keine Werbe-SMS mehr. Antworten Sie ANMELDEN, um sie wieder zu erhalten.",
        "es": "{sender}: se ha dado de baja y no recibirá más SMS publicitarios. Responda ALTA para volver a suscribirse.",
        "pt": "{sender}: inscrição cancelada, não receberá mais SMS publicitários. Responda VOLTAR para se inscrever de novo.",
        "it": "{sender}: iscrizione annullata, non riceverai altri SMS pubblicitari. Rispondi ISCRIVIMI per iscriverti di nuovo.",
        "nl": "{sender}: u bent afgemeld en ontvangt geen reclame-sms meer. Antwoord AANMELDEN om u weer aan te melden.",
        "ja": "【{sender}】配信停止を承りました。再開は「再開」と返信してください。",
        "zh": "【{sender}】您已退订，不会再收到营销短信。回复“订阅”可重新订阅。",
    },
    "start": {
        "en": "{sender}: You are subscribed to marketing texts. Reply STOP to unsubscribe, HELP for help.",
        "ko": "[{sender}] {day} 광고 수신에 동의하셨습니다. 그만 받으시려면 '수신거부' 회신",
        "fr": "{sender} : vous êtes abonné aux SMS publicitaires. Répondez STOP pour vous désabonner, AIDE pour de l'aide.",
        "de": "{sender}: Sie erhalten jetzt Werbe-SMS. Antworten Sie STOP, um sich abzumelden, HILFE für Hilfe.",
        "es": "{sender}: se ha suscrito a los SMS publicitarios. Responda BAJA para darse de baja, AYUDA para ayuda.",
        "pt": "{sender}: está inscrito nos SMS publicitários. Responda SAIR para cancelar, AJUDA para ajuda.",
        "it": "{sender}: sei iscritto agli SMS pubblicitari. Rispondi STOP per annullare, AIUTO per assistenza.",
        "nl": "{sender}: u ontvangt reclame-sms. Antwoord STOP om u af te melden, HULP voor hulp.",
        "ja": "【{sender}】配信を開始しました。停止は「停止」と返信してください。",
        "zh": "【{sender}】您已订阅营销短信。回复“退订”可退订。",
    },
    "help": {
        "en": "{sender}: Reply STOP to get no more marketing texts, START to get them again.",
        "ko": "[{sender}] 광고 문자를 그만 받으시려면 '수신거부', 다시 받으시려면 '재수신' 회신",
        "fr": "{sender} : répondez STOP pour ne plus recevoir de SMS publicitaires, OUI pour en recevoir à nouveau.",
        "de": "{sender}: Antworten Sie STOP, um keine Werbe-SMS mehr zu erhalten, ANMELDEN, um sie wieder zu erhalten.",
        "es": "{sender}: responda BAJA para no recibir más SMS publicitarios, ALTA para volver a recibirlos.",
        "pt": "{sender}: responda SAIR para não receber mais SMS publicitários, VOLTAR para voltar a receber.",
        "it": "{sender}: rispondi STOP per non ricevere altri SMS pubblicitari, ISCRIVIMI per riceverli di nuovo.",
        "nl": "{sender}: antwoord STOP om geen reclame-sms meer te ontvangen, AANMELDEN om ze weer te ontvangen.",
        "ja": "【{sender}】停止は「停止」、再開は「再開」と返信してください。",
        "zh": "【{sender}】回复“退订”停止接收营销短信，回复“订阅”重新接收。",
    },
}


def read_reply(text: str, country: str) -> Reply | None:
    """What a reply from a phone of `country` (ISO alpha-2; empty when unknown: any language) asks for."""
    return _words(country).get(_key(text))


def language_of(locale: str, country: str) -> str:
    """The language in which somebody is answered: theirs, else that of the sender's country, else English."""
    own = locale.partition("-")[0].partition("_")[0].lower()
    if own in CONFIRMATIONS["stop"]:
        return own
    theirs = LANGUAGES.get(country, ()) if not own and country not in ("US", "PR", "CA") else ()
    return next((language for language in theirs if language in CONFIRMATIONS["stop"]), "en")


def confirmation(reply: Reply, language: str, *, sender: str, day: date) -> str:
    """The answer to a reply in a language (`ko`, `fr`, …), in English where there is none."""
    texts = CONFIRMATIONS[reply]
    return texts.get(language, texts["en"]).format(sender=sender, day=day.isoformat())


def _key(text: str) -> str:
    """A reply without case, width, accents, and everything that is neither a letter nor a digit."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    kept = (char for char in folded if unicodedata.category(char)[0] in "LN")
    return unicodedata.normalize("NFC", "".join(kept))


@cache
def _words(country: str) -> dict[str, Reply]:
    languages = ("en", *LANGUAGES.get(country, ())) if country else tuple(STOP_WORDS)
    words: dict[str, Reply] = {}
    for language in languages:
        words |= {_key(word): "help" for word in HELP_WORDS[language]}
        words |= {_key(word): "start" for word in START_WORDS[language]}
    # Last, so that a word which also means stop in some language stops.
    for listed in (*STOP_WORDS.values(), LOCAL_STOP_WORDS.get(country, ())):
        words |= {_key(word): "stop" for word in listed}
    return words
