"""The command about the people who write."""

from services.console.arguments.parser import Commands


def add_commands(commands: Commands) -> None:
    """Add `contact`."""
    contact = commands.add_parser(
        "contact",
        help="show who a customer is, merge two contacts, block one",
        description="Show and change the people who write to us. WHO is an address or an id.",
    )
    acts = contact.add_subparsers(dest="act", title="acts", metavar="ACT", required=True)
    show = acts.add_parser("show", help="print a contact and its newest mails")
    merge = acts.add_parser(
        "merge",
        help="make a contact a part of another one",
        description="Make a contact a part of another one: they are shown as one, with the mails "
        "of both. Both keep what they have, so that `undo-merge` takes it back.",
    )
    undo = acts.add_parser("undo-merge", help="take a contact out of another one again")
    block = acts.add_parser("block", help="have new mail of a contact completed at once")
    unblock = acts.add_parser("unblock", help="have it offered to agents again")
    for one in (show, merge, undo, block, unblock):
        one.add_argument("who", metavar="WHO")
    merge.add_argument("into", metavar="INTO", help="the contact that stands for both")
