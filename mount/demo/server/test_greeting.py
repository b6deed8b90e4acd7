import unittest

from greeting import greet


class Greeting(unittest.TestCase):
    def test_it_names_whom_it_greets(self):
        self.assertIn("world", greet("world"))


if __name__ == "__main__":
    unittest.main()
