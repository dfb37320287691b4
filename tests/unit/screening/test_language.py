"""The language of a customer's words, where the mail does not say it."""

from dataclasses import replace

import pytest

from shared.contracts.screening import TextTest
from shared.mail.parsing.parser import parse_mail
from shared.mail.sections.reader import bounded_sections
from shared.screening.language import language_of
from shared.screening.mail_texts import MailTexts

LETTERS = {
    "ar": "مرحبا، لم أستلم فاتورتي بعد. هل يمكنكم إرسالها مرة أخرى؟",
    "cs": "Dobrý den, ještě jsem nedostal fakturu. Můžete mi ji prosím poslat znovu?",
    "da": "Hej, jeg har endnu ikke modtaget min faktura. Kan I sende den igen?",
    "de": "Guten Tag, meine Rechnung fehlt noch. Können Sie sie mir bitte noch einmal schicken?",
    "el": "Καλημέρα, δεν έχω λάβει ακόμα το τιμολόγιό μου. Μπορείτε να το στείλετε ξανά;",
    "en": "Hello, I have not received my invoice yet. Could you please send it again?",
    "es": "Buenos días, todavía no he recibido mi factura. ¿Podrían enviármela de nuevo?",
    "fi": "Hei, en ole vielä saanut laskuani. Voisitteko lähettää sen uudelleen?",
    "fr": "Bonjour, je n'ai pas encore reçu ma facture. Pourriez-vous me la renvoyer ?",
    "he": "שלום, עדיין לא קיבלתי את החשבונית שלי. האם תוכלו לשלוח אותה שוב?",
    "hu": "Jó napot, még nem kaptam meg a számlámat. El tudnák küldeni újra?",
    "it": "Buongiorno, non ho ancora ricevuto la mia fattura. Potreste inviarmela di nuovo?",
    "ja": "こんにちは、請求書がまだ届いていません。もう一度送っていただけますか。",
    "ko": "안녕하세요, 아직 청구서를 받지 못했습니다. 다시 보내 주시겠어요?",
    "nl": "Goedendag, ik heb mijn factuur nog niet ontvangen. Kunt u die opnieuw sturen?",
    "no": "Hei, jeg har ikke mottatt fakturaen min ennå. Kan dere sende den på nytt?",
    "pl": "Dzień dobry, nie otrzymałem jeszcze faktury. Czy mogliby Państwo wysłać ją ponownie?",
    "pt": "Bom dia, ainda não recebi a minha fatura. Podem enviá-la novamente, por favor?",
    "ro": "Bună ziua, nu am primit încă factura. Puteți să mi-o trimiteți din nou?",
    "ru": "Здравствуйте, я ещё не получил счёт. Не могли бы вы отправить его ещё раз?",
    "sv": "Hej, jag har inte fått min faktura ännu. Kan ni skicka den igen?",
    "tr": "Merhaba, faturamı henüz almadım. Lütfen tekrar gönderebilir misiniz?",
    "uk": "Добрий день, я ще не отримав рахунок. Чи могли б ви надіслати його ще раз?",
    "zh": "您好，我还没有收到发票。请再发一次好吗？谢谢您的帮助，期待您的答复。",
}


@pytest.mark.parametrize(("language", "text"), LETTERS.items(), ids=list(LETTERS))
def test_two_sentences_of_a_customer_tell_their_language(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    ["", "OK", "4711-0815", "\0\ud800\u202e" * 50, "x" * 400, " ".join(["<&>"] * 1_000)],
    ids=["nothing", "one word", "digits", "no characters", "one letter", "marks"],
)
def test_text_without_a_language_has_none(text: str) -> None:
    assert language_of(text) == ""


def test_long_text_is_told_by_its_beginning() -> None:
    assert language_of(LETTERS["de"] * 30 + LETTERS["en"] * 100_000) == "de"


def language_in(raw: str) -> list[str]:
    """Return the languages that a rule finds in a mail."""
    octets = raw.encode()
    mail = parse_mail(octets)
    texts = MailTexts(replace(mail, sections=bounded_sections(mail.text)), octets)
    return [one for one in ("de", "en") if texts.has(TextTest.model_validate(one), "language")]


def test_words_count_before_what_the_mail_says() -> None:
    said = "From: a@x.example\r\nContent-Language: de-DE\r\n"

    assert language_in(f"{said}\r\n{LETTERS['en']}\r\n") == ["en"]
    assert language_in(f"{said}\r\nOK\r\n") == ["de"]


def test_new_words_count_and_not_the_quoted_ones() -> None:
    quoted = "".join(f"> {LETTERS['en']}\r\n" for _ in range(20))
    head = "From: a@x.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"

    assert language_in(f"{head}{LETTERS['de']}\r\n\r\n{quoted}") == ["de"]
