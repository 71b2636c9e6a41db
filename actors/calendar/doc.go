// Package calendar says when: what instant a local time is, when a cron expression comes next, and which hours of a week are open.
// It is pure: no clock is read here.
//
// # Daylight saving
//
// A local time that a zone skips is the instant at which it skips: 02:30 on the morning when 02:00 becomes 03:00 is 03:00. A local time that
// a zone repeats is the first of the two. So a daily 02:30 comes once every day, and what falls on one instant is one.
//
// Only a cron expression whose hour begins with * counts hours as they pass: it comes in both of a repeated hour and in none of a skipped
// one, so an hourly one comes 24 times on most days, 23 and 25 times on two.
//
// # Months
//
// A day that a month doesn't have never comes in it: "0 9 31 * *" comes seven times a year and "0 9 29 2 *" in leap years. L is a month's last
// day. A date that is asked for twice, by day and by weekday, comes where either holds, as in every cron since Version 7.
//
// Zones are those of the machine's IANA database, else of the one that the program was built with: nodes whose databases differ in age may disagree
// about a rule that was changed of late.
package calendar
