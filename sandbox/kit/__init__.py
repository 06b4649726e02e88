"""What both pretend systems stand on: serving, control address, clock, ledgers, storage.

How to define a server
----------------------
1. Write a class with the members of `sandbox.kit.system.System`: it answers API requests with `respond`, and
   lets the control address look at and change its records (`state`, `edit`, `create`, `remove`, `reset`;
   `acts` are further acts of its own).
   Raise `sandbox.kit.system.Impossible("a sentence")` where the control address asks for nonsense.
2. It is given a `sandbox.kit.ground.Ground` and uses, where it needs them:
       ground.clock()                                 the time, which the control address may shift
       ground.writes.note(Write(...))                 after every *API* write that landed (not a person's edits)
       ground.storage.put(entity, key, row) / .remove(entity, key) / .load()    survives restarts with --state
       ground.post(url, body, headers)                posts a hook; (status, answer), status 0 when nobody answered
3. Its switches are a dataclass with plain values (bool, int, float, str, list, dict) and `latency_ms: int`;
   `field(default=…, metadata={"one_of": (…)})` limits a switch to some values.
4. `Server(system, ground)` in `sandbox.kit.server` is the WSGI application: API plus `/_control/…`.
   `werkzeug.test.Client(server)` is enough for tests; `server.tick()` posts what is due.
5. `Served(server, host=…, port=0)` in `sandbox.kit.serving` listens in threads (`.url`, `.close()`, context
   manager) and ticks in the background; `run(server, host=…, port=…)` does so until SIGTERM or SIGINT.
"""
