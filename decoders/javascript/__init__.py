"""Third-party JavaScript payload codecs (LoRa Alliance TS013 and its older dialects), run unchanged and safely.

    async with CodecRunner(Path("codecs"), clock_ms) as runner:
        call = CodecCall("acme-t1", "normalizeUplink", received_ms, payload, f_port=2)
        (result,) = await runner.run([call])

`CodecRunner` is in `runner`, `CodecCall` in `request`, `CodecResult` and the closed list `CODEC_REASONS` in `result`.
A folder's `.js` files are codecs, known by their names (`catalogue`). `CodecRunner.run` takes any number of calls,
gives their results in the same order, and never blocks the event loop. Hand over a whole batch: calls are sent without
waiting for each other. A result has `data` (or `payload` for a downlink) or a `failure`, whose reason is a metric label
and a quarantine reason; `version` tells which source gave it. `CodecWorkerError` is no codec's fault: send again.

Three walls stand between a codec and the rest:
- its context (`sandbox`, with `hardening.js`, `host.js`, `bind.js`, `buffer.js`): 50 ms CPU a call and 500 ms to load,
  8 MB heap, 256 KB stack; no system, network or timers; clock and chance are the call's own. A limit hit renews the
  context.
- its process (`worker`, `frames`): no environment, hard limits, killed when an answer takes longer than 250 ms (1 s for
  the first call, when the codec is compiled), unless the machine did not let it run. Other codecs' calls go to the next
  process.
- its standing (`states`): new codecs share a trial process, proven ones the steady one, and one that hit a limit gets a
  process of its own (probation). Three hits without a thousand good calls between them are quarantine, until the file
  changes.

Changed files are tried before they replace what runs; a bad one is refused with line and column, and the old version
goes on.
"""
