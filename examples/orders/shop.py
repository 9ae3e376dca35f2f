"""What the programs of this example share: where the store is, who works, and what the shop sells."""

import logging
from pathlib import Path

HERE = Path(__file__).resolve().parent
STORE = HERE / "orders.db"
STORE_URL = f"sqlite:///{STORE}"

CONSUMERS = ("validator", "warehouse")
PRICES = {
    "tea": 4.50,
    "coffee": 7.20,
    "mug": 9.00,
    "kettle": 34.00,
    "lamp": 28.00,
    "vase": 19.00,
    "piano": 8_900.00,
}

# What Crossdock logs of dead letters would stand across the table; the outcome shows them all.
logging.getLogger("crossdock").addHandler(logging.NullHandler())
