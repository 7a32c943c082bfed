"""`/api/v1/devices` and `/api/v1/latest`."""

import httpx
import pytest

from tests.unit.api.small_city import BED, BIN, LOOSE, NAMELESS, NEW, VALVE, SmallCity, problem


async def test_devices_are_listed_in_order_with_their_place_and_radio(client: httpx.AsyncClient) -> None:
    """Every device of the inventory is there once, whether it was heard or not."""
    body = (await client.get("/api/v1/devices")).json()
    assert [item["dev_eui"] for item in body["items"]] == [BIN, BED, VALVE, LOOSE, NEW, NAMELESS]
    assert body["next"] is None
    assert body["items"][0] == {
        "dev_eui": BIN,
        "name": "Bin sensor",
        "model": "Milesight EM400-MUD",
        "decoder": "milesight-em400-mud",
        "asset": {
            "id": "bin-1", "name": "Fountain", "kind": "waste_bin", "zone": "plaza", "district": "centre",
            "latitude": 49.4875, "longitude": 8.466,
        },
        "last_seen": "2026-03-29T11:00:00.000Z",
        "radio": {
            "time": "2026-03-29T11:00:00.000Z", "rssi": -90.0, "snr": 8.0, "f_cnt": 7, "data_rate": "SF7BW125",
            "gateway": "gw-near", "gateways": 2,
        },
    }  # fmt: skip
    assert body["items"][1]["asset"]["district"] == "south"
    assert body["items"][3]["asset"] is None
    assert body["items"][4]["last_seen"] is None and body["items"][4]["radio"] is None


@pytest.mark.parametrize("path", ["/api/v1/devices", "/api/v1/latest"])
async def test_pages_join_to_the_whole_list(client: httpx.AsyncClient, path: str) -> None:
    """Following `next` gives every item once and ends with null, also when the last page is full."""
    whole = [item["dev_eui"] for item in (await client.get(path)).json()["items"]]
    for limit in (1, 2, len(whole)):
        seen: list[str] = []
        cursor = None
        for _ in whole:
            page = (await client.get(path, params={"limit": limit, **({"after": cursor} if cursor else {})})).json()
            assert len(page["items"]) <= limit
            seen += [item["dev_eui"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == whole
        assert cursor is None


async def test_a_page_goes_on_behind_a_device_that_is_gone(client: httpx.AsyncClient) -> None:
    """The cursor is a place in the order, not a device that must exist."""
    body = (await client.get("/api/v1/devices", params={"after": BIN + "0"})).json()
    assert body["items"][0]["dev_eui"] == BED


@pytest.mark.parametrize(
    "text", [BIN, BIN.upper(), "0x" + BIN, "24-E1-24-71-3C-14-00-01", "24:e1:24:71:3c:14:00:01", "24E12471 3C140001"]
)
async def test_a_device_is_found_by_any_spelling(client: httpx.AsyncClient, text: str) -> None:
    """Vendors print DevEUIs in many ways."""
    assert (await client.get(f"/api/v1/devices/{text}")).json()["dev_eui"] == BIN
    assert (await client.get(f"/api/v1/devices/{text}/latest")).json()["dev_eui"] == BIN


async def test_a_device_without_eui_is_found_by_its_key(client: httpx.AsyncClient) -> None:
    """Its slash may be written as it is or encoded."""
    for text in (NAMELESS, NAMELESS.replace("/", "%2F")):
        assert (await client.get(f"/api/v1/devices/{text}")).json()["name"] == "Bench"
        assert (await client.get(f"/api/v1/devices/{text}/latest")).json()["values"][0]["value"] == 4.5
        rows = (await client.get(f"/api/v1/devices/{text}/readings")).json()["rows"]
        assert rows == [["2026-03-29T11:00:00.000Z", "sits", 4.5]]


@pytest.mark.parametrize("tail", ["", "/latest", "/readings"])
@pytest.mark.parametrize("text", ["ffffffffffffffff", "nonsense", "24e124", "parks/bench-8"])
async def test_an_unknown_device_is_a_problem(client: httpx.AsyncClient, text: str, tail: str) -> None:
    """Also when the text can't be a DevEUI; the fix says how to write one."""
    body = problem(await client.get(f"/api/v1/devices/{text}{tail}"), 404, "not-found")
    assert text in body["detail"]


async def test_latest_values_carry_unit_time_and_quality(client: httpx.AsyncClient) -> None:
    """A fault is shown as a missing value with its quality; radio figures of the network server are there too."""
    body = (await client.get(f"/api/v1/devices/{BIN}/latest")).json()
    assert (body["asset"], body["kind"], body["district"], body["zone"]) == ("bin-1", "waste_bin", "centre", "plaza")
    values = {value["quantity"]: value for value in body["values"]}
    assert values["distance"] == {
        "quantity": "distance", "channel": "", "value": 200.0, "unit": "mm", "time": "2026-03-29T11:00:00.000Z",
        "quality": "ok",
    }  # fmt: skip
    assert values["fill_level"]["value"] == 80.0
    assert values["tilt_alarm"]["value"] is False
    assert values["battery_level"]["value"] == 91.0
    fault = (await client.get(f"/api/v1/devices/{VALVE}/latest?quantity=pipe_pressure")).json()["values"]
    assert [(v["value"], v["quality"]) for v in fault] == [(None, "sensor_error")]


async def test_a_device_never_heard_has_no_values(client: httpx.AsyncClient) -> None:
    """It has an empty list of its own, and no place in the list of all."""
    assert (await client.get(f"/api/v1/devices/{NEW}/latest")).json()["values"] == []
    everyone = (await client.get("/api/v1/latest")).json()["items"]
    assert NEW not in [item["dev_eui"] for item in everyone]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [BIN, BED, VALVE, NAMELESS]),
        (f"dev_eui={BIN.upper()}", [BIN]),
        (f"dev_eui={BIN},{BED}", [BIN, BED]),
        (f"dev_eui={BIN}&dev_eui={VALVE}", [BIN, VALVE]),
        ("dev_eui=ffffffffffffffff", []),
        ("district=centre", [BIN]),
        ("district=south&district=east", [BED, VALVE]),
        ("zone=park", [BED, VALVE]),
        ("zone=park&kind=soil", [BED]),
        ("kind=waste_bin&kind=generic", [BIN, NAMELESS]),
        ("quantity=battery_level", [BIN, BED]),
        ("quantity=valve_state,fill_level", [BIN, VALVE]),
        ("quantity=occupied", []),
    ],
)
async def test_latest_filters(client: httpx.AsyncClient, query: str, expected: list[str]) -> None:
    """Words of one filter are alternatives, filters of different names must all hold."""
    items = (await client.get(f"/api/v1/latest?{query}")).json()["items"]
    assert [item["dev_eui"] for item in items] == expected


async def test_a_quantity_filter_leaves_only_those_values(client: httpx.AsyncClient) -> None:
    """Channels of the quantity stay apart."""
    items = (await client.get("/api/v1/latest?quantity=valve_state")).json()["items"]
    assert [(v["channel"], v["value"]) for v in items[0]["values"]] == [("1", "open"), ("2", "closed")]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/api/v1/devices?limit=0", "limit"),
        ("/api/v1/devices?limit=1001", "limit"),
        ("/api/v1/devices?limit=many", "limit"),
        ("/api/v1/latest?kind=tree", "kind"),
        ("/api/v1/latest?dev_eui=12", "dev_eui"),
        ("/api/v1/latest?quantity=fill_levle", "fill_level"),
        (f"/api/v1/devices/{BIN}/latest?quantity=nothing_like_it", "nothing_like_it"),
    ],
)
async def test_an_invalid_parameter_is_named(client: httpx.AsyncClient, path: str, word: str) -> None:
    """The problem says which parameter, or what may have been meant."""
    body = problem(await client.get(path), 422, "invalid-parameter")
    assert word in body["detail"] + body["fix"]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/api/v1/devices", "limit"),
        ("/api/v1/latest", "district"),
        (f"/api/v1/devices/{BIN}", "none"),
        (f"/api/v1/devices/{BIN}/latest", "quantity"),
        (f"/api/v1/devices/{BIN}/readings", "from"),
        ("/api/v1/quantities", "none"),
    ],
)
async def test_an_unknown_parameter_is_named(client: httpx.AsyncClient, path: str, known: str) -> None:
    """A mistyped filter must not silently give everything."""
    body = problem(await client.get(path + "?distrct=centre&fro=1"), 422, "unknown-parameter")
    assert "distrct" in body["detail"] and "fro" in body["detail"]
    assert known in body["fix"]
    assert [error["parameter"] for error in body["errors"]] == ["distrct", "fro"]


async def test_a_new_inventory_shows_at_once(city: SmallCity, client: httpx.AsyncClient) -> None:
    """The sorted list belongs to one snapshot of the inventory."""
    assert len((await client.get("/api/v1/devices")).json()["items"]) == 6
    whole = city.inventory
    city.inventory = type(whole)(whole.zones.values(), whole.assets.values(), [whole.devices[LOOSE]])
    assert [d["dev_eui"] for d in (await client.get("/api/v1/devices")).json()["items"]] == [LOOSE]
