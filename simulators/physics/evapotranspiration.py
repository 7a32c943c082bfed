"""Reference evapotranspiration ET0 of short grass, mm, after FAO Irrigation and Drainage Paper 56 (Allen et al. 1998).

Temperatures in degC, vapour pressures in kPa, radiation in W/m2, wind at 2 m height in m/s.
"""

import math

_STEFAN_BOLTZMANN_H = 2.043e-10
"""MJ K-4 m-2 h-1, FAO-56 page 75."""
_ALBEDO = 0.23
_GAMMA = 0.0665
"""Psychrometric constant at 100 m above the sea, kPa/degC, FAO-56 table 2.2."""
_MJ_PER_WATT_HOUR = 0.0036


def saturation_vapour_pressure(temperature: float) -> float:
    """Vapour pressure of saturated air, kPa. FAO-56, equation 11."""
    return 0.6108 * math.exp(17.27 * temperature / (temperature + 237.3))


def net_radiation_h_mj(temperature: float, vapour_pressure: float, radiation: float, clearness: float) -> float:
    """Net radiation of an hour, MJ/m2. FAO-56, equations 38 to 40; `clearness` is Rs/Rso, also by night."""
    long_wave = _STEFAN_BOLTZMANN_H * (temperature + 273.16) ** 4 * (0.34 - 0.14 * math.sqrt(vapour_pressure))
    return (1 - _ALBEDO) * radiation * _MJ_PER_WATT_HOUR - long_wave * max(1.35 * clearness - 0.35, 0.05)


def penman_monteith_h(
    temperature: float, vapour_pressure: float, wind: float, radiation: float, clearness: float
) -> float:
    """ET0 of one hour, mm, never negative: FAO-56 Penman-Monteith, equation 53, soil heat flux by equations 45, 46."""
    net = net_radiation_h_mj(temperature, vapour_pressure, radiation, clearness)
    ground = (0.1 if radiation > 0 else 0.5) * net
    saturated = saturation_vapour_pressure(temperature)
    slope = 4098 * saturated / (temperature + 237.3) ** 2
    deficit = max(saturated - vapour_pressure, 0.0)
    up = 0.408 * slope * (net - ground) + _GAMMA * 37 / (temperature + 273) * wind * deficit
    return max(up / (slope + _GAMMA * (1 + 0.34 * wind)), 0.0)


def hargreaves_day(lowest: float, highest: float, extraterrestrial_mj: float) -> float:
    """ET0 of one day, mm, from its lowest and highest temperature and Ra in MJ/m2. FAO-56, equation 52."""
    mean = (lowest + highest) / 2
    return max(0.0023 * (mean + 17.8) * math.sqrt(max(highest - lowest, 0.0)) * 0.408 * extraterrestrial_mj, 0.0)
