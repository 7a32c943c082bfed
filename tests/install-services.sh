#!/bin/sh
# Installs what the tests run against for real: Mosquitto, InfluxDB, strace. Debian and Ubuntu as root; elsewhere it says how.
set -eu
missing=""
for pair in mosquitto:mosquitto mosquitto_pub:mosquitto-clients influxd:influxdb strace:strace; do
  PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing$missing ..."
  apt-get update -qq
  # policy-rc.d: the packages' own services stay off, the tests start their own
  guard=/usr/sbin/policy-rc.d
  [ -e $guard ] || { printf '#!/bin/sh\nexit 101\n' >$guard; chmod +x $guard; trap 'rm -f $guard' EXIT; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "some tests will be skipped; to run them install:$missing (Debian, Ubuntu: apt-get install$missing)"
fi
