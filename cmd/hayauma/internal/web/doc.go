// Package web is the console: pages for people at /, which show what the API knows and change nothing.
//
// It knows no actor. Each page is a few requests to the API's own handler, in this process (client.Inside), so what may be asked, who may ask, and
// what is refused in which words stands in one place. Pages are made on the server by html/template, with charts as SVG among them, and are
// complete without JavaScript. With it, a page follows its own stream of server-sent events:
//
//	GET /campaigns/ID ──▶ view ──▶ template: before, live, after ──▶ page
//	GET /live/campaigns/ID ──▶ the same view, every few seconds ──▶ template: live ──▶ event, where it differs from the last
//
// The script puts the new elements over the old ones, so focus and selection stay, and speaks only of what its page announces. A stream ends with
// the client, with the session, and when the daemon begins to stop; the browser comes back by itself. A node has at most 64 of them, and what is
// dear to ask for (windows, actors, the list) is asked for once for all of them.
//
// Where the API asks for a token, so does the console, once: what it then gives is a cookie (HttpOnly, SameSite=Strict) that proves for 12 hours
// that the token was known. It is made of the token and the cluster's secret, so it is good on every node, and worth nothing once the token has
// changed. No token and no recipient is ever part of a URL: recipients are asked for by a form that is posted.
//
// Nothing on a page comes from elsewhere: Content-Security-Policy allows the console's own style sheet, script and icon, and nothing inline.
package web
