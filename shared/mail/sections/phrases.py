"""The phrases by which mail programs mark quoted mail, by language.

To teach the reader a language, add one row.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"\w+")
_MOST_MARKS: Final = 4
_FIRST_WORD: Final = re.compile(rf"\W{{0,{_MOST_MARKS}}}+(\w++)")


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language, alternatives separated by `|`.

    `wrote` is the verb of "On … Ann wrote:", `intro` are its first words. `sender`, `sent`, `to`,
    `copy` and `subject` are labels of repeated headers. `original` and `forwarded` stand between
    dashes, `begin` stands alone above a forwarded mail. `device` begins the line that a telephone
    adds.
    """

    wrote: str
    intro: str = ""
    sender: str = ""
    sent: str = ""
    to: str = ""
    copy: str = ""
    subject: str = ""
    original: str = ""
    forwarded: str = ""
    begin: str = ""
    device: str = ""


LANGUAGES: Final = {
    "ar": Phrases(
        wrote="كتب|كتبت",
        intro="في|بتاريخ",
        sender="من",
        sent="تاريخ الإرسال|التاريخ|أرسلت",
        to="إلى",
        copy="نسخة",
        subject="الموضوع",
        original="الرسالة الأصلية|رسالة أصلية",
        forwarded="رسالة محولة|رسالة مُعاد توجيهها|Forwarded message",
        device="أرسلت من|مُرسل من|تم الإرسال من",
    ),
    "bg": Phrases(
        wrote="написа",
        intro="На",
        sender="От",
        sent="Изпратено|Дата",
        to="До",
        copy="Копие",
        subject="Относно|Тема",
        original="Оригинално съобщение",
        forwarded="Препратено съобщение",
        device="Изпратено от моя|Изпратено от",
    ),
    "ca": Phrases(
        wrote="va escriure|ha escrit",
        intro="El dia|El|Missatge de",
        sender="De",
        sent="Enviat|Data",
        to="Per a|A",
        copy="A/c",
        subject="Assumpte|Tema",
        original="Missatge original",
        forwarded="Missatge reenviat",
        device="Enviat des del meu|Enviat des de",
    ),
    "cs": Phrases(
        wrote="napsal|napsala|napsal(a)|napsal/a",
        intro="Dne|Dňa",
        sender="Od",
        sent="Odesláno|Datum",
        to="Komu",
        copy="Kopie",
        subject="Předmět",
        original="Původní zpráva|Původní e-mail|Puvodni zprava",
        forwarded="Přeposlaná zpráva|Přeposlaný e-mail",
        begin="Začátek přeposílané zprávy",
        device="Odesláno z mého|Odesláno z|Odesláno ze",
    ),
    "da": Phrases(
        wrote="skrev",
        intro="Den|På",
        sender="Fra",
        sent="Sendt|Dato",
        to="Til",
        copy="Kopi",
        subject="Emne",
        original="Oprindelig meddelelse|Oprindelig besked",
        forwarded="Videresendt besked|Videresendt meddelelse",
        begin="Start på videresendt besked|Videresendt meddelelse",
        device="Sendt fra min|Sendt fra|Hent Outlook",
    ),
    "de": Phrases(
        wrote="schrieb|schrieben|hat geschrieben|geschrieben",
        intro="Am|Zitat von|Zitiere|Von",
        sender="Von",
        sent="Gesendet|Datum|Gesendet am|Geschickt",
        to="An",
        copy="Kopie",
        subject="Betreff",
        original="Ursprüngliche Nachricht|Originalnachricht|Original-Nachricht|"
        "Ursprüngliche E-Mail|Originalmail|Urspruengliche Nachricht",
        forwarded="Weitergeleitete Nachricht|Weitergeleitet von|Weitergeleitete E-Mail",
        begin="Anfang der weitergeleiteten Nachricht|Anfang der weitergeleiteten E-Mail",
        device="Von meinem|Gesendet von meinem|Gesendet von|Gesendet mit|Diese Nachricht wurde von"
        "|Holen Sie sich Outlook|Outlook für|Von unterwegs gesendet|Gesendet aus",
    ),
    "el": Phrases(
        wrote="έγραψε|έγραψαν|γράφει",
        intro="Στις|Την|Στις",
        sender="Από",
        sent="Στάλθηκε|Ημερομηνία|Αποστολή",
        to="Προς",
        copy="Κοιν",
        subject="Θέμα",
        original="Αρχικό μήνυμα",
        forwarded="Προωθημένο μήνυμα",
        device="Στάλθηκε από το|Εστάλη από",
    ),
    "en": Phrases(
        wrote="wrote|writes|written",
        intro="On|At|In message|In article|In|Quoting|Once upon a time|From|Yesterday|Today",
        sender="From",
        sent="Sent|Date|Sent on|Received|Posted",
        to="To",
        copy="Cc|Bcc|CC",
        subject="Subject|Re",
        original="Original Message|Original Email|Original Mail|Original Appointment|Reply Message|"
        "Original message from|Reply to message|Begin message",
        forwarded="Forwarded message|Forwarded Message|Forwarded by|Forwarded Email|Forwarded mail|"
        "Forwarded from|Begin forwarded text|Begin forwarded message|Start of forwarded message|"
        "Forward",
        begin="Begin forwarded message|Start of forwarded message|Forwarded message",
        device="Sent from|Sent via|Sent using|Sent with|Sent on the go|Sent by|Sent through|"
        "Get Outlook for|Typed on|Typed with|Written on my|Composed on my|Sent mobile",
    ),
    "es": Phrases(
        wrote="escribió|escribio|ha escrito|escribe|escribieron",
        intro="El|Con fecha|A las|Citando a|Citando",
        sender="De",
        sent="Enviado|Enviado el|Fecha|Enviada el|Enviado a las",
        to="Para|A",
        copy="Copia",
        subject="Asunto",
        original="Mensaje original|Mensaje Original|Correo original",
        forwarded="Mensaje reenviado|Mensaje Reenviado|Forwarded message",
        begin="Inicio del mensaje reenviado|Empieza el mensaje reenviado",
        device="Enviado desde|Enviado con|Enviado por|Enviado de|Obtener Outlook para|"
        "Descarga Outlook para|Descargar Outlook para",
    ),
    "et": Phrases(
        wrote="kirjutas",
        intro="Kuupäeval",
        sender="Saatja|Kellelt",
        sent="Saadetud|Kuupäev",
        to="Saaja|Kellele",
        copy="Koopia",
        subject="Teema",
        original="Algne sõnum|Algsõnum",
        forwarded="Edastatud sõnum|Edastatud kiri",
        device="Saadetud minu",
    ),
    "eu": Phrases(wrote="idatzi du|idatzi zuen|igorleak hau idatzi du", subject="Gaia"),
    "fa": Phrases(
        wrote="نوشت|نوشته",
        intro="در",
        sender="از",
        to="به",
        subject="موضوع",
        device="ارسال شده از",
    ),
    "fi": Phrases(
        wrote="kirjoitti",
        sender="Lähettäjä",
        sent="Lähetetty|Päiväys|Lähetysaika|Pvm",
        to="Vastaanottaja",
        copy="Kopio",
        subject="Aihe",
        original="Alkuperäinen viesti|Alkuperäinen Viesti",
        forwarded="Välitetty viesti|Edelleenlähetetty viesti",
        begin="Välitetty viesti alkaa",
        device="Lähetetty|Hanki Outlook",
    ),
    "fr": Phrases(
        wrote="a écrit|a ecrit|écrit|écrivait|a écrit ceci",
        intro="Le|En date de|En date du|Selon|Citant",
        sender="De|Expéditeur",
        sent="Envoyé|Date|Envoyé le|Date d'envoi",
        to="À|A|Pour|Destinataire",
        copy="Copie",
        subject="Objet|Sujet",
        original="Message d'origine|Message d\u2019origine|Message original|Message initial|"
        "E-mail d'origine|Courriel original",
        forwarded="Message transféré|Message transmis|Courriel transféré|Forwarded message",
        begin="Début du message réexpédié|Début du message transféré",
        device="Envoyé de mon|Envoyé depuis|Envoyé à partir|Envoyé par|Envoyé avec|Envoyé de|"
        "Télécharger Outlook pour|Obtenir Outlook pour|Provenance",
    ),
    "he": Phrases(
        wrote="כתב|כתבה|כתב/ה|\u202bכתב",
        intro="בתאריך|ב-|מאת",
        sender="מאת",
        sent="נשלח|תאריך",
        to="אל",
        copy="עותק",
        subject="נושא",
        original="הודעה מקורית",
        forwarded="הודעה שהועברה",
        device="נשלח מה|נשלח מ",
    ),
    "hr": Phrases(
        wrote="je napisao|je napisala|je napisao/la|napisao je|napisala je|je napisao(la)|"
        "je napisao/napisala|је написао|је написала|је написао/ла",
        intro="Dana|Dana je|Дана",
        sender="Od|Šalje|Од|Шаље",
        sent="Poslano|Poslato|Datum|Датум|Послато",
        to="Za|Prima|Za|За|Прима",
        copy="Kopija",
        subject="Predmet|Tema|Naslov|Предмет|Наслов",
        original="Izvorna poruka|Originalna poruka|Оригинална порука",
        forwarded="Proslijeđena poruka|Prosleđena poruka|Прослеђена порука",
        device="Poslano s|Poslano iz|Poslato sa|Послато са",
    ),
    "hu": Phrases(
        wrote="ezt írta|írta|írtad",
        sender="Feladó",
        sent="Elküldve|Küldve|Dátum",
        to="Címzett",
        copy="Másolatot kap|Másolat",
        subject="Tárgy",
        original="Eredeti üzenet",
        forwarded="Továbbított üzenet|Továbbított levél",
        begin="Továbbított levél kezdete|Továbbított üzenet kezdete",
        device="Elküldve az|Küldve az|Elküldve",
    ),
    "id": Phrases(
        wrote="menulis",
        intro="Pada",
        sender="Dari",
        sent="Terkirim|Tanggal|Dikirim",
        to="Kepada|Ke",
        subject="Judul|Perihal|Subjek",
        original="Pesan asli|Pesan Asli",
        forwarded="Pesan terusan|Pesan yang diteruskan",
        device="Dikirim dari",
    ),
    "is": Phrases(
        wrote="skrifaði",
        intro="Þann|Hinn",
        sender="Frá",
        sent="Sent|Dagsetning",
        to="Til",
        subject="Efni",
        original="Upprunaleg skilaboð|Upphafleg skilaboð",
        device="Sent úr",
    ),
    "it": Phrases(
        wrote="ha scritto|scrive|scrisse|ha scritto ",
        intro="Il giorno|Il|In data|Quoting|Citando",
        sender="Da",
        sent="Inviato|Data|Inviato il|Inviata",
        to="A",
        copy="Copia",
        subject="Oggetto",
        original="Messaggio originale|Messaggio Originale|Messaggio originario",
        forwarded="Messaggio inoltrato|Messaggio Inoltrato|Forwarded message",
        begin="Inizio messaggio inoltrato|Inizio del messaggio inoltrato",
        device="Inviato da|Inviato dal|Inviato con|Scarica Outlook per|Ottieni Outlook per",
    ),
    "ja": Phrases(
        wrote="のメール|さんは書きました|wrote|さんが書いた|さんのメッセージ|は書きました",
        sender="差出人|送信者|From",
        sent="送信日時|日付|日時|送信日",
        to="宛先|To",
        copy="写し",
        subject="件名",
        original="元のメッセージ|オリジナルメッセージ|Original Message",
        forwarded="転送されたメッセージ|転送メッセージ|Forwarded message",
        begin="転送されたメッセージ|転送開始|受信したメッセージを転送",
        device="iPhoneから送信|iPadから送信|Androidから送信|私のiPhoneから送信|スマートフォンから送信|"
        "Outlook for iOS を入手|iPhone から送信",
    ),
    "ko": Phrases(
        wrote="님이 작성|작성|님이 쓴 글|님의 말|님이 다음과 같이 썼습니다",
        sender="보낸 사람|보낸사람|발신",
        sent="보낸 날짜|날짜|보낸날짜|일시",
        to="받는 사람|받는사람|수신",
        copy="참조",
        subject="제목",
        original="원본 메시지|원본 메일|Original Message",
        forwarded="전달된 메시지|전달된 메일|Forwarded message",
        begin="전달된 메시지",
        device="나의 iPhone에서 보냄|iPhone에서 보냄|내 iPhone에서 보냄|Android에서 보냄",
    ),
    "lt": Phrases(
        wrote="rašė|parašė",
        intro="Dnia",
        sender="Nuo|Siuntėjas",
        sent="Išsiųsta|Data",
        to="Kam|Iki",
        copy="Kopija",
        subject="Tema",
        original="Pradinis laiškas|Pirminis pranešimas|Originalus laiškas",
        device="Išsiųsta iš",
    ),
    "lv": Phrases(
        wrote="rakstīja|uzrakstīja",
        sender="No|Sūtītājs",
        sent="Nosūtīts|Datums",
        to="Kam|Saņēmējs",
        copy="Kopija",
        subject="Temats|Tēma",
        original="Sākotnējais ziņojums|Oriģinālā ziņa",
        device="Sūtīts no",
    ),
    "nl": Phrases(
        wrote="schreef|schreven|heeft geschreven|het volgende geschreven|geschreven",
        intro="Op|Citeren",
        sender="Van",
        sent="Verzonden|Datum|Verstuurd|Verzonden op",
        to="Aan",
        copy="Kopie",
        subject="Onderwerp|Betreft",
        original="Oorspronkelijk bericht|Origineel bericht|Oorspronkelijke bericht|"
        "Oorspronkelijke e-mail",
        forwarded="Doorgestuurd bericht|Doorgezonden bericht",
        begin="Begin doorgestuurd bericht|Begin van doorgestuurd bericht",
        device="Verstuurd vanaf|Verzonden vanaf|Verstuurd met|Verzonden met|Verzonden via|"
        "Outlook voor|Download Outlook|Verstuurd vanuit",
    ),
    "no": Phrases(
        wrote="skrev",
        intro="Den|På|kl.",
        sender="Fra",
        sent="Sendt|Dato",
        to="Til",
        copy="Kopi",
        subject="Emne",
        original="Opprinnelig melding|Original melding|Opprinnelig e-post",
        forwarded="Videresendt melding",
        begin="Videresendt melding|Start på videresendt melding",
        device="Sendt fra min|Sendt fra|Skaff deg Outlook|Få Outlook",
    ),
    "pl": Phrases(
        wrote="napisał|napisała|napisał(a)|pisze|napisał/a|napisali|pisał|pisała",
        intro="W dniu|Dnia|Cytowanie|Użytkownik|Wiadomość napisana przez|Wiadomość od",
        sender="Od|Nadawca",
        sent="Wysłano|Data|Wysłane|Data wysłania|Wysłany|Wysłana",
        to="Do|Adresat",
        copy="DW|Kopia|UDW",
        subject="Temat",
        original="Wiadomość oryginalna|Oryginalna wiadomość|Treść oryginalnej wiadomości|"
        "Original message",
        forwarded="Przekazana wiadomość|Wiadomość przekazana|Treść przekazanej wiadomości",
        begin="Początek przekazywanej wiadomości|Rozpoczęcie przekazanej wiadomości",
        device="Wysłano z|Wysłane z|Wysłano ze|Wysłane ze|Pobierz aplikację Outlook|Wysłane przez",
    ),
    "pt": Phrases(
        wrote="escreveu|escreveram|escreve|escreveu na mensagem",
        intro="Em|A|No dia|Na|Citando",
        sender="De",
        sent="Enviado|Enviada em|Data|Enviada|Enviado em|Enviado a",
        to="Para",
        copy="Cópia",
        subject="Assunto",
        original="Mensagem original|Mensagem Original",
        forwarded="Mensagem encaminhada|Mensagem Encaminhada|Mensagem reencaminhada|"
        "Forwarded message",
        begin="Início da mensagem encaminhada|Início da mensagem reencaminhada|"
        "Início da Mensagem Reencaminhada",
        device="Enviado do meu|Enviado de|Enviado via|Enviado do|Enviado pelo|Obter o Outlook para|"
        "Obtenha o Outlook|Enviada do meu|Enviado a partir",
    ),
    "ro": Phrases(
        wrote="a scris|a scris următoarele",
        intro="În|In|Pe|La data de|Pe data de",
        sender="De la|De la",
        sent="Trimis|Data|Trimisă|Expediat",
        to="Către|Catre",
        copy="Copie",
        subject="Subiect",
        original="Mesaj original|Mesajul original",
        forwarded="Mesaj redirecționat|Mesaj redirectionat",
        device="Trimis de pe|Trimis din",
    ),
    "ru": Phrases(
        wrote="написал|написала|написал(а)|пишет|пишете|писал|писала|написали|Вы писали|вы писали",
        intro="В письме|Отправлено",
        sender="От|От кого|Отправитель",
        sent="Отправлено|Дата|Отправлен",
        to="Кому|Получатель",
        copy="Копия",
        subject="Тема",
        original="Исходное сообщение|Оригинальное сообщение|Исходное письмо|"
        "Пересылаемое сообщение|Конец пересылаемого сообщения",
        forwarded="Пересылаемое сообщение|Пересланное сообщение|Перенаправленное сообщение|"
        "Пересланное письмо",
        begin="Начало переадресованного сообщения|Начало пересылаемого сообщения",
        device="Отправлено с|Отправлено из|Отправлено от",
    ),
    "sk": Phrases(
        wrote="napísal|napísala|napísal(a)|napísal/a",
        intro="Dňa",
        sender="Od",
        sent="Odoslané|Dátum",
        to="Komu|Pre",
        copy="Kópia",
        subject="Predmet",
        original="Pôvodná správa",
        forwarded="Preposlaná správa",
        device="Odoslané z|Odoslané zo",
    ),
    "sl": Phrases(
        wrote="je napisal|je napisala|je napisal/a|je oseba|napisal",
        intro="Dne",
        sender="Od|Pošiljatelj",
        sent="Poslano|Datum",
        to="Za",
        copy="Kp",
        subject="Zadeva",
        original="Izvorno sporočilo|Prvotno sporočilo",
        forwarded="Posredovano sporočilo",
        device="Poslano iz",
    ),
    "sv": Phrases(
        wrote="skrev|har skrivit",
        intro="Den|På",
        sender="Från",
        sent="Skickat|Datum|Skickat den|Sänt",
        to="Till",
        copy="Kopia",
        subject="Ämne",
        original="Ursprungligt meddelande|Originalmeddelande|Ursprungligt e-postmeddelande|"
        "Ursprungsmeddelande",
        forwarded="Vidarebefordrat meddelande|Vidarebefordrat brev",
        begin="Vidarebefordrat brev|Vidarebefordrat mejl",
        device="Skickat från|Skickat med|Skickat via|Hämta Outlook|Skaffa Outlook",
    ),
    "th": Phrases(
        wrote="เขียน|เขียนว่า|ได้เขียน",
        intro="เมื่อ|ในวันที่|ใน",
        sender="จาก",
        sent="ส่ง|วันที่",
        to="ถึง",
        copy="สำเนา",
        subject="เรื่อง|หัวเรื่อง",
        original="ข้อความต้นฉบับ|ข้อความเดิม",
        forwarded="ข้อความที่ส่งต่อ",
        device="ส่งจาก",
    ),
    "tr": Phrases(
        wrote="şunu yazdı|yazdı|yazmış|şunları yazdı",
        intro="Tarih",
        sender="Kimden|Gönderen",
        sent="Gönderildi|Tarih|Gönderilme|Gönderme Tarihi",
        to="Kime|Alıcı",
        copy="Bilgi",
        subject="Konu",
        original="Orijinal İleti|Özgün İleti|Orijinal mesaj|Orjinal Mesaj|Özgün ileti",
        forwarded="Yönlendirilmiş ileti|İletilen ileti|Yönlendirilen ileti|Iletilmis Mesaj",
        begin="Yönlendirilen ileti|İletilmiş mesajın başlangıcı",
        device="iPhone'umdan gönderildi|iPhone\u2019umdan gönderildi|iPad'imden gönderildi|"
        "cihazımdan gönderildi|Android için Outlook|iOS için Outlook",
    ),
    "uk": Phrases(
        wrote="написав|написала|пише|написав(ла)|писав",
        sender="Від|Відправник",
        sent="Надіслано|Дата|Відправлено",
        to="Кому",
        copy="Копія",
        subject="Тема",
        original="Оригінальне повідомлення|Вихідне повідомлення",
        forwarded="Переслане повідомлення|Пересланий лист",
        device="Надіслано з|Відправлено з",
    ),
    "vi": Phrases(
        wrote="đã viết|viết",
        intro="Vào|Ngày|Vào ngày|Vào lúc",
        sender="Từ",
        sent="Đã gửi|Ngày|Gửi",
        to="Đến|Tới",
        copy="Sao gửi",
        subject="Chủ đề|Tiêu đề",
        original="Thư gốc|Thư gốc|Tin nhắn gốc",
        forwarded="Thư đã chuyển tiếp|Thư chuyển tiếp|Tin nhắn đã chuyển tiếp",
        device="Đã gửi từ|Được gửi từ|Gửi từ",
    ),
    "zh": Phrases(
        wrote="写道|寫道|写到|寫到|写|寫",
        intro="在|於|于",
        sender="发件人|寄件者|发信人|寄件人|發件人",
        sent="发送时间|发送日期|日期|寄件日期|時間|时间|傳送時間|发件日期|發送日期|已傳送",
        to="收件人|收件者",
        copy="抄送|副本|副本抄送",
        subject="主题|主旨|主題",
        original="邮件原件|原始邮件|原始郵件|原始信件|原邮件|郵件原件|原始訊息",
        forwarded="转发的邮件|轉寄的郵件|转发邮件信息|轉寄郵件|转发邮件|Forwarded message",
        begin="以下是转发的邮件|开始转发的邮件|下面是被转发的邮件|已轉寄的郵件",
        device="发自我的|發自我的|从我的|從我的|发自|傳送自|從我的 iPhone 傳送|获取适用于|"
        "取得 iOS 版 Outlook|"
        "通过我的",
    ),
}


class PhraseSet:
    """Finds phrases as whole words, whatever their case, in time that grows with the text only.

    Thai, Chinese, Japanese and Korean have no blanks between words: there a phrase is found
    anywhere.
    """

    def __init__(self, *phrases: str) -> None:
        folded = sorted({phrase.casefold().strip() for phrase in phrases}, key=len, reverse=True)
        self._dense = tuple(phrase for phrase in folded if _is_dense(phrase))
        self._by_first_word: dict[str, list[str]] = {}
        for phrase in folded:
            if found := _WORD.search(phrase):
                self._by_first_word.setdefault(found[0], []).append(phrase)

    def is_in(self, text: str) -> bool:
        """Say whether one of the phrases occurs in a text."""
        folded = text.casefold()
        if not folded.isascii() and has_any(folded, self._dense):
            return True
        return any(self._end_at(folded, word) for word in _WORD.finditer(folded))

    def begins(self, text: str) -> bool:
        """Say whether a text begins with one of the phrases, marks before it aside."""
        return self._may_begin(text) and self._end_of_first(text.casefold()) is not None

    def is_all_of(self, text: str) -> bool:
        """Say whether a text is one of the phrases, marks around it aside."""
        if not self._may_begin(text):
            return False
        folded = text.casefold()
        end = self._end_of_first(folded)
        return end is not None and not _WORD.search(folded, end)

    def _may_begin(self, text: str) -> bool:
        """Say cheaply whether a text may begin with a phrase: most of those in ASCII do not."""
        return not text.isascii() or _first_word(text) in self._by_first_word

    def _end_of_first(self, folded: str) -> int | None:
        if (word := _WORD.search(folded)) is None or word.start() > _MOST_MARKS:
            return None
        if end := self._end_at(folded, word):
            return end
        if folded.isascii():
            return None
        return next(
            (
                word.start() + len(one)
                for one in self._dense
                if folded.startswith(one, word.start())
            ),
            None,
        )

    def _end_at(self, folded: str, word: re.Match[str]) -> int | None:
        for phrase in self._by_first_word.get(word[0], ()):
            end = word.start() + len(phrase)
            is_whole = not folded[end : end + 1].isalnum()
            if is_whole and folded.startswith(phrase, word.start()):
                return end
        return None


# Several sets ask for the first word of the same line.
@lru_cache(maxsize=64)
def _first_word(text: str) -> str:
    """Return the first word of a text in lower case; "" if too many marks stand before it."""
    word = _FIRST_WORD.match(text)
    return word[1].lower() if word else ""


def has_any(folded: str, phrases: Iterable[str]) -> bool:
    """Say whether one of some phrases is in a text, also inside of a word."""
    for phrase in phrases:  # noqa: SIM110 - any() takes twice the time here
        if phrase in folded:
            return True
    return False


def _is_dense(phrase: str) -> bool:
    return any("\u0e00" <= letter <= "\u0e7f" or letter >= "\u3040" for letter in phrase)


def phrases_of(*fields: str) -> PhraseSet:
    """Return the phrases of some fields in all languages."""
    return PhraseSet(*(phrase for field in fields for phrase in alternatives(field)))


def alternatives(field: str) -> tuple[str, ...]:
    """Return the phrases of one field in all languages, longest first, each once."""
    found = {
        phrase.strip()
        for phrases in LANGUAGES.values()
        for phrase in getattr(phrases, field).split("|")
        if phrase.strip()
    }
    return tuple(sorted(found, key=lambda phrase: (-len(phrase), phrase)))
