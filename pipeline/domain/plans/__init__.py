"""Answers over many assets: what to do today, in what order, and how sure. Pure functions of a `CityView`."""
