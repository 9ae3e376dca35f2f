"""The shop: drops a file of orders into the imports every half a second, some of them bad."""

import random
import time
from datetime import UTC, datetime

from place import DATA

EVERY_S = 0.5
ORDERS = 20
ITEMS = ("tea", "coffee", "mug", "kettle")
CUSTOMERS = ("Ada", "Grace", "Zoë", 'Anna "the first"', "Alan, Ltd.")
BAD = (",tea,3", "Ada,teapott,1", "Grace,mug,none", "Alan,coffee,1,two,many")


class Shop:
    """Drops files; every order has a number that no other order has, of this run or an earlier one.

    Attributes:
        run: What the numbers of this run begin with.
        dropped: When each order was dropped, in monotonic seconds.
    """

    def __init__(self) -> None:
        self.run = f"{datetime.now(UTC):%y%m%d%H%M%S}"
        self.dropped: dict[str, float] = {}
        self._chance = random.Random(7)  # noqa: S311 - it guards no secret
        self._next = 0.0
        self._files = 0

    def pour(self) -> None:
        """Drop a file if it is time for one."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY_S
            self._drop(now)

    def _drop(self, now: float) -> None:
        self._files += 1
        numbers = [f"{self.run}-{len(self.dropped) + place:05}" for place in range(1, ORDERS + 1)]
        rows = "".join(f"{number},{self._order()}\n" for number in numbers)
        name = f"shop_orders_{self.run}_{self._files:03}.csv"
        part = DATA / "imports" / f".{name}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(f"order,customer,item,quantity\n{rows}", encoding="utf-8")
        self.dropped |= dict.fromkeys(numbers, now)
        part.rename(part.with_name(name))

    def _order(self) -> str:
        chance = self._chance
        if chance.random() < 0.05:  # noqa: PLR2004 - one in twenty is bad
            return chance.choice(BAD)
        customer = chance.choice(CUSTOMERS).replace('"', '""')
        return f'"{customer}",{chance.choice(ITEMS)},{chance.randint(1, 9)}'
