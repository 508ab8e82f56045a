"""Plain Python without input or output: types, parsing, prices, cost."""
