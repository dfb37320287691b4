"""Settings take effect for clients."""

from tests.connected.bayeux.running_lab import running_lab


async def test_where_acknowledgements_are_off_nobody_is_promised_any() -> None:
    async with running_lab(ACK="0") as lab, lab.polling() as client:
        greeting = await client.handshake(ext={"ack": True})
        [connected] = await client.ask("/meta/connect", ext={"ack": 0}, advice={"timeout": 0})

        assert greeting["successful"] is connected["successful"] is True
        assert "ext" not in greeting
        assert "ext" not in connected


async def test_event_without_ack_is_not_delivered_again() -> None:
    async with running_lab(ACK="0") as lab, lab.polling() as client:
        await client.join(ext={"ack": True})
        await lab.publish("7", "once")

        event, connected = await client.ask("/meta/connect", ext={"ack": 1})
        again = await client.ask("/meta/connect", ext={"ack": 1}, advice={"timeout": 0})

        assert event["data"] == "once"
        assert "ext" not in connected
        assert [one["channel"] for one in again] == ["/meta/connect"]


async def test_socket_without_ack_gets_events_without_a_connect() -> None:
    async with running_lab(ACK="0") as lab, lab.socket() as client:
        await client.join(ext={"ack": True})

        await lab.publish("7", "at once")
        [event] = await client.receive()

        assert event["data"] == "at once"


async def test_clients_are_told_the_interval_that_the_operator_chose() -> None:
    async with running_lab(INTERVAL_MS="1500", TIMEOUT_MS="7000") as lab, lab.polling() as client:
        greeting = await client.handshake()
        [connected] = await client.ask("/meta/connect", advice={"timeout": 0})

        chosen = {"reconnect": "retry", "interval": 1500, "timeout": 7000}
        assert greeting["advice"] == connected["advice"] == chosen
