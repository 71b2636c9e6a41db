// Package console is the command line: it reads arguments, calls the daemon (package client) or becomes one (package app), and
// prints.
//
// Results go to stdout and nothing else does; progress, warnings and errors go to stderr. With --json a result is one JSON object
// on one line. An error says what was wrong, where, and what to do.
//
//	exit 0   done
//	     1   it ran and ended otherwise: a campaign with failed or unknown recipients, one that would have them (explain), a demo whose ledgers differ, a broken daemon
//	     2   refused: wrong usage, bad input, the daemon's refusal or no answer from it, a daemon that can't start
//	   130   interrupted while it waited; what the daemon does goes on
package console
