"""Tables of names for the demo, made up by us: given and family names as people of many origins write them.

A word ``書き方=reading`` carries its Latin reading, so that it can be written in its own script and still be found by
what a person at the desk would type. Nobody here is real; a likeness to a living person is chance.
"""

# ruff: noqa: E501, RUF001 - names are written as people write them

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Origin:
    """Names that go together. ``weight``: how many in a hundred clients; ``languages``: what they may prefer to speak.

    ``family_first``: in its own script the family name stands first, which the stored fields do not show.
    """

    key: str
    weight: int
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    languages: tuple[str, ...] = ()


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


ORIGINS: Final = (
    Origin(
        "american", 27,
        _words("Jennifer Jessica Amanda Sarah Sara Emily Emilie Ashley Megan Meghan Lauren Rachel Rachael Nicole "
               "Stephanie Stefanie Heather Melissa Michelle Kimberly Amy Rebecca Rebekah Laura Erin Allison Alison "
               "Kathleen Kristen Kristin Christine Lindsay Lindsey Brooke Caitlin Kaitlyn Anne Ann Diane Deborah "
               "Debra Susan Carolyn Tiffany Monique Imani Keisha Latoya Aaliyah"),
        _words("Michael Christopher Jonathan John Jon Stephen Steven Brian Bryan Jeffrey Geoffrey Marcus Andre "
               "Tyler Ryan Eric Erik"),
        _words("Anderson Andersen Bennett Brooks Campbell Carter Clark Clarke Coleman Collins Cook Cooke Davis "
               "Edwards Fisher Foster Freeman Graham Gray Grey Hamilton Harper Harris Hughes Jenkins Johnson "
               "Johnston Kelly Kelley Mitchell Morgan Morrison Myers Parker Patterson Phillips Philips Reed Reid "
               "Robinson Sanders Saunders Shaw Shore Sullivan Thompson Thomson Walker Ward Washington Webb Wells "
               "West Whitfield Woods Wright Young"),
    ),
    Origin(
        "irish_welsh", 4,
        _words("Siobhán Niamh Aoife Caoimhe Gráinne Róisín Bronagh Eilís Seren Carys Angharad"),
        _words("Cillian Oisín Rhys Eoghan"),
        _words("O'Brien O'Connor O’Sullivan Ní_Dhomhnaill Mac_Giolla_Phádraig McCarthy MacCarthy Fitzgerald Doyle "
               "ap_Rhys Llewellyn Gallagher"),
    ),
    Origin(
        "hispanic", 16,
        _words("María Maria Guadalupe Sofía Valentina Camila Lucía Gabriela Daniela Alejandra Verónica Ximena "
               "Itzel Marisol Rocío Pilar Inés Concepción Yesenia Maritza María_José María_del_Carmen"),
        _words("José Luis Javier Joaquín Raúl Andrés Jesús"),
        _words("García_Hernández Rodríguez González Gonzalez Martínez_López Hernández Peña_Nieto Muñoz Ibáñez "
               "Núñez Castañeda Reyes_Villanueva de_la_Cruz De_La_Torre del_Río Zamora Salazar Quiñones Ortiz "
               "Ortíz Vásquez Vázquez Velázquez Fuentes Marroquín Ramírez_Soto Delgadillo Cárdenas"),
        ("Spanish",),
    ),
    Origin(
        "chinese", 9,
        _words("李娜=Li_Na 美玲=Mei-Ling 晓雯=Xiaowen 雅婷=Ya-Ting 静怡=Jingyi 欣妍=Xinyan 慧敏=Huimin 佩珊=Pui_Shan "
               "诗涵=Shihan 丽华=Lihua 淑芬=Shu-Fen 秀英=Xiuying Vivian Grace Cindy"),
        _words("伟=Wei 志明=Zhiming 家豪=Ka_Ho Kevin"),
        _words("王=Wang 李=Li 張=Chang 张=Zhang 刘=Liu 陈=Chen 陳=Chan 黃=Wong 黄=Huang 林=Lin 吴=Wu 吳=Ng 周=Zhou 徐=Xu "
               "孙=Sun 馬=Ma 梁=Leung 鄭=Cheng 歐陽=Au-Yeung 司徒=Szeto"),
        ("Mandarin", "Cantonese"),
    ),
    Origin(
        "vietnamese", 6,
        _words("Linh Thảo Ngọc_Anh Hương Thúy Phương_Thảo Mai_Anh Trang Bích_Ngọc Diễm_Quỳnh Kim_Oanh Tuyết"),
        _words("Minh Đức Quang_Huy Tuấn"),
        _words("Nguyễn Nguyen Trần Lê Phạm Huỳnh Hoàng Võ Đặng Bùi Đỗ Ngô Dương"),
        ("Vietnamese",),
    ),
    Origin(
        "filipino", 5,
        _words("Maria_Cristina Jasmine Angelica Marites Rowena Lourdes Kristine_Joy Bernadette Corazon Liezl"),
        _words("Jerome Mark_Anthony"),
        _words("Santos Dela_Cruz Bautista Macaraeg Dimaculangan Pangilinan Villanueva Manalo Tolentino Magsaysay"),
        ("Tagalog",),
    ),
    Origin(
        "indian", 8,
        _words("प्रिया=Priya अंजलि=Anjali कविता=Kavita सुनीता=Sunita नेहा=Neha Deepika Lakshmi மீனாட்சி=Meenakshi "
               "ਹਰਪ੍ਰੀਤ=Harpreet Jasleen Aishwarya Sangeetha Rukmini Nandini"),
        _words("Arjun राहुल=Rahul Vikram"),
        _words("शर्मा=Sharma गुप्ता=Gupta पटेल=Patel Iyer Subramanian Venkatesan Krishnamurthy Chatterjee Mukherjee "
               "Reddy Kaur Gill Desai Kulkarni Deshpande Nair Rao"),
        ("Hindi", "Punjabi", "Tamil"),
    ),
    Origin(
        "korean", 4,
        _words("지은=Ji-eun 서연=Seo-yeon 민지=Min-ji 수진=Soo-jin 혜원=Hye-won 은영=Eun-young Esther"),
        _words("민준=Min-jun Daniel"),
        _words("김=Kim 이=Lee 박=Park 최=Choi 정=Jung 강=Kang 조=Cho 윤=Yoon"),
        ("Korean",),
    ),
    Origin(
        "japanese", 4,
        _words("陽子=Yōko 美咲=Misaki さくら=Sakura 恵美=Emi 直美=Naomi 由紀=Yuki 香織=Kaori"),
        _words("健太=Kenta 修=Osamu"),
        _words("佐藤=Satō 鈴木=Suzuki 高橋=Takahashi 田中=Tanaka 渡辺=Watanabe 大野=Ōno 小林=Kobayashi 中村=Nakamura"),
        ("Japanese",),
    ),
    Origin(
        "persian", 3,
        _words("نازنین=Nazanin شیرین=Shirin پریسا=Parisa لیلا=Leila مینا=Mina Roxana"),
        _words("آرش=Arash Kamran"),
        _words("حسینی=Hosseini رضایی=Rezaei تهرانی=Tehrani Farahani Moradi Shahbazi"),
        ("Farsi",),
    ),
    Origin(
        "arabic", 3,
        _words("فاطمة=Fatima مريم=Maryam نور=Nour Yasmin Layla رنا=Rana Huda"),
        _words("يوسف=Yousef خالد=Khaled"),
        _words("الخطيب=al-Khatib حداد=Haddad منصور=Mansour El-Sayed Abu_Zayd بن_علي=Ben_Ali Al-Rashid"),
        ("Arabic",),
    ),
    Origin(
        "slavic", 4,
        _words("Екатерина=Ekaterina Наталья=Natalia Ольга=Olga Оксана=Oksana Ірина=Iryna Юлія=Yuliia Agnieszka "
               "Małgorzata Tereza"),
        _words("Дмитрий=Dmitry Piotr"),
        _words("Иванова=Ivanova Соколова=Sokolova Кузнецова=Kuznetsova Шевченко=Shevchenko Коваленко=Kovalenko "
               "Щербакова=Shcherbakova Wójcik Brzęczyszczykiewicz Nováková Dvořák"),
        ("Russian", "Ukrainian"),
    ),
    Origin(
        "northern", 4,
        _words("Anneke Saskia Ingrid Astrid Solveig Björk Käthe Jürgen-Maria Anna-Lena Åsa Þórunn Annelies"),
        _words("Sören Lars-Erik Pieter"),
        _words("van_der_Berg van_den_Bosch de_Vries 't_Hooft von_Hohenfels Müller Mueller Schröder Meyer Meier Mayer "
               "Maier Strauß Ångström Sørensen Jónsdóttir Lindqvist"),
    ),
    Origin(
        "romance", 4,
        _words("Chloé Élodie Françoise Giulia Chiara Beatriz Inês Anaïs Noémie Ginevra Ștefania Zoë"),
        _words("François João Étienne Niccolò"),
        _words("D'Angelo De_Luca di_Stefano Lefèvre Saint-Exupéry Beauchêne dos_Santos Gonçalves da_Silva_Pereira "
               "Conceição Țurcanu Bianchi"),
        ("Portuguese", "French"),
    ),
    Origin(
        "african", 4,
        _words("Ngozi Chioma Adaeze Folasade Ọlábísí Abena Akosua Selam Hiwot Thandiwe Wanjiru Fatoumata"),
        _words("Chukwuemeka Kwame Dawit"),
        _words("Okafor Okonkwo Adeyemi Ọlátúnjí Mensah Boateng Tesfaye Gebremariam Nkosi Kamau Diallo Ndiaye"),
        ("Amharic", "French"),
    ),
    Origin(
        "pacific", 1,
        _words("Leilani Kawena Mele Noelani Salote"),
        _words("Keoni Sione"),
        _words("Kaʻahumanu Kealoha Tuʻipulotu Faʻalogo Kamakawiwoʻole"),
    ),
    Origin(
        "jewish_greek_turkish", 2,
        _words("שרה=Sarah נועה=Noa Ελένη=Eleni Aikaterini Ayşe Şebnem Gülşen Nino"),
        _words("Avi Yorgos Çağlar"),
        _words("כהן=Cohen לוי=Levy Παπαδοπούλου=Papadopoulou Yılmaz Öztürk Kılıç Petrosyan"),
    ),
)  # fmt: skip

CERTAIN: Final = (
    ("Catherine", "Brennan", "", "F", 1984), ("Katherine", "Brennan", "Kate", "F", 1979),
    ("Kathryn", "Brenner", "", "F", 1991), ("Cathryn", "Brannan", "", "F", 1988),
    ("Katharina", "Brunner", "Käthe", "F", 1967), ("Catarina", "Brandão", "", "F", 1993),
    ("Olivia", "Hart", "Liv", "F", 1988), ("Sean", "Meyer", "", "M", 1981), ("Shawn", "Meier", "", "M", 1986),
    ("Shaun", "Maier", "", "M", 1975), ("Anne", "Smyth", "", "F", 1972), ("Phoebe", "Smith", "", "F", 1996),
    ("Pheobe", "Smyth", "", "F", 1994), ("Maria", "Garcia", "", "F", 1985), ("Maria", "Garcia", "", "F", 1992),
    ("María José", "García de la Vega", "Majo", "F", 1983), ("Linh", "Nguyễn", "", "F", 1990),
    ("Linh", "Nguyen", "Lynn", "F", 1978), ("Aoife", "Ní Bhriain", "", "F", 1995),
    ("Jo", "Li", "", "F", 1999), ("Xóchitl", "Quetzalli-Márquez", "", "F", 1987),
    ("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh", "Cholmondeley-Majoribanks", "Wolfie", "F", 1960),
)  # fmt: skip
"""(given, family, preferred, sex, year of birth) of clients every demo has first, for showing what search forgives."""

NICKNAMES: Final = {
    "Jennifer": "Jen", "Jessica": "Jess", "Elizabeth": "Liz", "Stephanie": "Steph", "Deborah": "Debbie",
    "Kimberly": "Kim", "Rebecca": "Becca", "Christine": "Chris", "Guadalupe": "Lupita", "Gabriela": "Gabi",
    "Michael": "Mike", "Christopher": "Chris", "Jonathan": "Jon", "Concepción": "Concha", "Ekaterina": "Katya",
    "Natalia": "Natasha", "Xiaowen": "Wendy", "Jingyi": "Joyce", "Ji-eun": "Jenny", "Seo-yeon": "Sophie",
    "Subramanian": "", "Chukwuemeka": "Emeka", "Folasade": "Sade", "Małgorzata": "Gosia", "Lihua": "Lily",
}  # fmt: skip

PLACES: Final = {
    "San Francisco": (
        ("San Francisco", "CA", ("94109", "94110", "94114", "94117", "94118", "94122", "94123", "94131")),
        ("Daly City", "CA", ("94014", "94015")), ("San Mateo", "CA", ("94401", "94403")),
        ("Sausalito", "CA", ("94965",)), ("Mill Valley", "CA", ("94941",)),
    ),
    "Oakland": (
        ("Oakland", "CA", ("94602", "94606", "94609", "94610", "94611", "94618")),
        ("Berkeley", "CA", ("94703", "94705", "94707")), ("Alameda", "CA", ("94501",)),
        ("Piedmont", "CA", ("94611",)), ("Walnut Creek", "CA", ("94596", "94598")), ("Fremont", "CA", ("94536",)),
    ),
}  # fmt: skip
STREETS: Final = _words(
    "Juniper_St Alder_Ave Larkspur_Ln Fillmore_St Tamarack_Ct Manzanita_Ave Presidio_Ter Cedar_Row Bayview_Dr "
    "Lakeshore_Ave Grand_View_Ave Telegraph_Hill_Rd Poppy_Ln Redwood_Rd Sycamore_St Noriega_St Quince_Way "
    "Marina_Green_Dr Piedmont_Ct Hawthorne_St Ocean_Park_Blvd Marlin_Cove"
)
AREA_CODES: Final = {"San Francisco": ("415", "628", "650"), "Oakland": ("510", "341", "925")}
"""Numbers 555-0100 to 555-0199 of every area code are kept for fiction and ring nowhere."""
FAR_CODES: Final = ("408", "669", "707", "831", "916", "209", "213", "312", "646")
OCCUPATIONS: Final = _words(
    "Teacher Software_engineer Nurse Attorney Architect Product_manager Retired Chef Graphic_designer Student "
    "Accountant Realtor Flight_attendant Violinist Pharmacist Yoga_teacher Journalist Civil_engineer Florist "
    "Research_scientist Hotel_manager Carpenter Social_worker Actor Sales_director Photographer"
)
