// Package metrics exposes what the daemon does to Prometheus: a registry of its own, read at each scrape.
//
// # Mailboxes, one series per actor, still bounded
//
// Up to [AllActors] active actors every one has its series. Above that only these have: plain cells (the daemon's own), the
// [Deepest] deepest mailboxes, and the [Deepest] oldest ones whose oldest message is over [StuckAfter]. One that was shown stays
// until it is drained, or for [KeptFor] when others are deeper, so that labels don't churn; [MostKept] is the most that is ever
// shown above AllActors beside the plain cells. Identities can't create series beyond that: overlong or malformed ones are
// shortened with a hash, and those that are personal data are shown as 12 hex digits of an HMAC.
//
// A scrape never fails because of what actors are called or how many there are. Where the store gives no answer in time its
// figures are left out and journal_errors_total counts it.
package metrics
