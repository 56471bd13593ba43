"""The people of the sample shop: made up, the same on every machine, with numbers that never ring.

Korean numbers are 010-0000-xxxx, American ones 555-01xx behind real area codes: neither is ever assigned.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from pabal.errors import InvalidInput

# fmt: off
KR_FAMILY = [ "김", "이", "박", "최", "정", "강", "조", "윤", "장", "임", "한", "오", "서", "신", "권", "황", "안", "송", "류",
    "홍", "남궁", "선우", ]
# fmt: on
# fmt: off
KR_GIVEN = [ "민준", "서연", "도윤", "지우", "하준", "서윤", "시우", "하은", "지호", "지유", "준우", "수아", "현우", "다은", "지훈", "예은",
    "건우", "채원", "우진", "지민", "선우", "소율", "서진", "예린", "연우", "수빈", "유준", "나은", "정우", "유나", "승현", "가은", "준혁", "은서",
    "민재", "지원", "현준", "보민", "지환", "혜진", "성민", "미경", "영호", "순자", ]
# fmt: on
# fmt: off
KR_CITIES = [ "서울", "서울", "서울", "부산", "인천", "대구", "대전", "광주", "수원", "울산", "고양", "용인", "창원", "성남", "청주", "전주",
    "천안", "제주", "포항", "강릉", ]
# fmt: on
# fmt: off
US_FIRST = [ "Olivia", "Liam", "Emma", "Noah", "Ava", "Elijah", "Sophia", "James", "Isabella", "Lucas", "Mia",
    "Mason", "Charlotte", "Ethan", "Amelia", "Logan", "Harper", "Aiden", "Evelyn", "Jackson", "Abigail",
    "Sebastian", "Emily", "Mateo", "Ella", "Daniel", "Scarlett", "Henry", "Luna", "Owen", "José", "Zoë", ]
# fmt: on
# fmt: off
US_LAST = [ "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez",
    "Martinez", "Lopez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee", "Perez",
    "White", "Harris", "Clark", "Lewis", "Robinson", "O'Neil", "Núñez", ]
# fmt: on
#: City → area codes.
US_CITIES = {
    "New York": (212, 646, 917),
    "Los Angeles": (213, 310, 323),
    "Chicago": (312, 773),
    "Houston": (713, 832),
    "Miami": (305, 786),
    "Seattle": (206,),
    "Denver": (303, 720),
    "Phoenix": (602,),
    "Boston": (617,),
    "Honolulu": (808,),
}
#: Area codes for customers of an imported purchase file.
# fmt: off
US_AREA_CODES = tuple( int(code) for code in [ "201", "202", "203", "205", "206", "207", "208", "209", "210",
    "212", "213", "214", "215", "216", "217", "218", "219", "224", "225", "228", "229", "231", "234", "239",
    "240", "248", "251", "252", "253", "254", "256", "260", "262", "267", "269", "270", "276", "281", "301",
    "302", "303", "304", "305", "307", "308", "309", "310", "312", "313", "314", "315", "316", "317", "318",
    "319", "320", "321", "323", "325", "330", "334", "336", "337", "339", "347", "351", "352", "360", "361",
    "386", "401", "402", "404", "405", "406", "407", "408", "409", "410", "412", "413", "414", "415", "417",
    "419", "423", "424", "425", "432", "434", "435", "440", "443", "469", "478", "479", "480", "484", "501",
    "502", "503", "504", "505", "507", "508", "509", "510", "512", "513", "515", "516", "517", "518", "520",
    "530", "540", "541", "551", "559", "561", "562", "563", "567", "570", "571", "573", "574", "580", "585",
    "586", "601", "602", "603", "605", "606", "607", "608", "609", "610", "612", "614", "615", "616", "617",
    "618", "619", "620", "623", "626", "630", "631", "636", "641", "646", "650", "651", "660", "661", "662",
    "678", "682", "701", "702", "703", "704", "706", "707", "708", "712", "713", "714", "715", "716", "717",
    "718", "719", "720", "724", "727", "731", "732", "734", "740", "754", "757", "760", "763", "765", "770",
    "772", "773", "774", "775", "781", "785", "786", "801", "802", "803", "804", "805", "806", "808", "810",
    "812", "813", "814", "815", "816", "817", "818", "828", "830", "831", "832", "843", "845", "847", "850",
    "856", "857", "858", "859", "860", "863", "864", "865", "870", "901", "903", "904", "906", "907", "908",
    "909", "910", "912", "913", "914", "915", "916", "917", "918", "919", "920", "925", "928", "931", "936",
    "937", "940", "941", "947", "949", "951", "952", "954", "956", "970", "971", "972", "973", "978", "979",
    "980", "985", "989", ] )
# fmt: on
CATEGORIES = ("신발", "가방", "아우터", "니트", "액세서리")
US_CATEGORIES = ("shoes", "bags", "outerwear", "knitwear", "accessories")
GRADES = ("브론즈", "브론즈", "실버", "실버", "골드", "VIP")

KR_COLUMNS = [
    "회원번호",
    "이름",
    "휴대폰",
    "이메일",
    "도시",
    "생일",
    "등급",
    "최근구매",
    "누적구매금액",
    "관심카테고리",
    "수신동의",
]
US_COLUMNS = ["customer_id", "first_name", "last_name", "phone", "email", "city", "last_purchase", "total_spent", "favourite", "opt_in"]  # fmt: skip


def korean_rows(count: int, today: date, *, seed: int = 1) -> Iterator[list[str]]:
    """`count` ≤ 9,000 customers of the Korean shop, as rows under `KR_COLUMNS`. One in seven did not agree."""
    choose = random.Random(seed)
    numbers = choose.sample(range(100, 10_000), count)
    for i, number in enumerate(numbers, 1):
        bought = today - timedelta(days=int(choose.expovariate(1 / 60)))
        yield [
            f"KR-{i:05}",
            choose.choice(KR_FAMILY) + choose.choice(KR_GIVEN),
            f"010-0000-{number:04}",
            f"kr{i:05}@example.com",
            choose.choice(KR_CITIES),
            date(choose.randint(1960, 2006), choose.randint(1, 12), choose.randint(1, 28)).isoformat(),
            choose.choice(GRADES),
            bought.isoformat(),
            str(int(choose.lognormvariate(11.3, 0.9)) // 100 * 100),
            choose.choice(CATEGORIES),
            "N" if choose.random() < 1 / 7 else "Y",
        ]


def american_rows(count: int, today: date, *, seed: int = 2) -> Iterator[list[str]]:
    """`count` ≤ 1,500 customers of the American shop, as rows under `US_COLUMNS`. One in seven did not agree."""
    choose = random.Random(seed)
    lines = [(city, code, line) for city, codes in US_CITIES.items() for code in codes for line in range(100)]
    for i, (city, code, line) in enumerate(choose.sample(lines, count), 1):
        bought = today - timedelta(days=int(choose.expovariate(1 / 60)))
        yield [
            f"US-{i:05}",
            choose.choice(US_FIRST),
            choose.choice(US_LAST),
            f"({code}) 555-{100 + line:04}",
            f"us{i:05}@example.com",
            city,
            bought.isoformat(),
            f"{choose.lognormvariate(4.2, 0.9):.2f}",
            choose.choice(US_CATEGORIES),
            "no" if choose.random() < 1 / 7 else "yes",
        ]


def write_csv(path: Path, columns: list[str], rows: Iterator[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def purchases_to_csv(source: Path, target: Path) -> int:
    """Turn a purchase history (customer id, YYYYMMDD, quantity, amount in dollars) into one row a customer.

    Returns the number of customers. Raises InvalidInput naming the line that cannot be read. The file has no phone
    numbers, so each customer gets one of the numbers that never ring, as far as they reach (27,800).
    """
    totals: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    last: dict[str, str] = defaultdict(str)
    with source.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                customer, day, quantity, amount = line.split()
                total = totals[customer]
                total[0] += 1
                total[1] += int(quantity)
                total[2] += float(amount)
                last[customer] = max(last[customer], date(int(day[:4]), int(day[4:6]), int(day[6:])).isoformat())
            except ValueError as error:
                raise InvalidInput(f"{source}, line {number}: {error}", code="bad_purchase") from None

    def rows() -> Iterator[list[str]]:
        for i, (customer, (times, quantity, amount)) in enumerate(totals.items()):
            code, line = divmod(i, 100)
            phone = f"+1{US_AREA_CODES[code]}555{100 + line:04}" if code < len(US_AREA_CODES) else ""
            yield [f"CD-{customer}", phone, str(int(times)), str(int(quantity)), f"{amount:.2f}", last[customer]]

    columns = ["customer_id", "phone", "purchases", "quantity", "total_spent", "last_purchase"]
    write_csv(target, columns, rows())
    return len(totals)
