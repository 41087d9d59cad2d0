"""The soak: real processes live through a plan on a made clock while they are killed at random, and then
everything is counted.

`conductor` moves the clock, kills and restarts; `worker` is a process that ticks, sends, acts or hears receipts;
`acting` is what people do meanwhile; `sink` takes the mails, `gateway` the SMS; `witness` notes what must never be
written; `checking` computes anew what must have happened and compares.
"""
