// Package catalog is the list of campaigns that a node shows, built from the stored events of all campaigns of all members.
//
//	store ──Follow──▶ records of campaigns ──▶ a campaign.Glance each ──▶ Page
//	                                     └─ gap ──▶ all anew, beside the old list
//
// It asks no campaign and writes nothing, so a page costs the same whoever hosts the campaigns. It is eventually consistent: what
// happened a moment ago may be missing, and two nodes may show different states for a moment. Who must read what he wrote asks the
// campaign. It is complete once everything that was stored at its start has been read (Wait), and it converges: a record that comes
// twice is skipped by its number, a connection that breaks is made again from the last record, and where a campaign's number is missing
// the whole list is read anew. A campaign whose events were purged stays listed until that, or the next start.
//
// Memory: one Glance, an id and a name for each campaign (under 1 KiB), whatever its audience. Reading anew is one pass over the
// campaigns' events, whose bulk are the plans and windows of large runs; a thousand small campaigns take milliseconds.
//
// On failure: a record that can't be read, such as one of a newer version, is passed over and logged, and its campaign marked as one
// that has to be asked. A store that gives no answer is followed again after a pause, 100 ms to 5 s, and logged; pages show what is known meanwhile.
package catalog
