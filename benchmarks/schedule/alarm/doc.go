// Package alarm is reminders of durable grains on the shipped ground: the engine, a cluster.Member alone with its timetable, and the store that
// the daemon uses (or one in memory), wired as the daemon wires them.
//
//	Set ─► sleeper: Remind + Persist ─► journal, timetable ──due──► sleeper: Rung ─► rings, Forget + Persist ─► forgotten
//
// A sleeper stays in memory, so that a reminder that fires finds its handler without a replay. What it was told of is reported twice: in
// the handler, by the wall's clock that the timetable goes by, and once it is forgotten durably.
//
// On failure: a reminder that can't be stored is reported to its setter as the grain's error; what is lost is never reported as rung.
package alarm
