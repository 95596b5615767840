"""A thousand stream tables, as the daemon that refreshes them shows them to who comes first."""

import unittest

from browser import await_true, browser, complaints, open_dashboard
from database import URL, eventually, sql, value

TABLES = 1000
# Each is as large as the next: a group for each customer.
QUERY = "SELECT customer, sum(amount) AS amount FROM shop.orders GROUP BY customer"
LOOKING = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtrickle dashboard@%'"


class ManyTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sql(f"CREATE SCHEMA many; SELECT pgtrickle.create_stream_table(format('many.t%s', n), '{QUERY}', '1d')"
            f" FROM generate_series((SELECT count(*) FROM pgtrickle.pgt_stream_tables) + 1, {TABLES}) n")

    def test_they_are_painted_and_shown_within_half_a_second(self):
        eventually(lambda: value(LOOKING) == "0", limit=30)
        with browser() as driver:
            open_dashboard(driver, URL)
            painted, shown = driver.execute_script(
                "return [performance.getEntriesByName('first-contentful-paint')[0].startTime,"
                " performance.getEntriesByName('shown')[0].startTime]")
            print(f"first paint {painted:.0f} ms, {TABLES} stream tables shown {shown:.0f} ms")
            self.assertEqual(driver.find_element("id", "found").text, f"{TABLES:,} of {TABLES:,}")
            self.assertLessEqual(painted, 500)
            driver.find_element("id", "more").click()
            await_true(driver, f"document.querySelectorAll('#tables tbody tr').length === {TABLES}")
            self.assertEqual(complaints(driver), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
