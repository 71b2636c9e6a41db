package api

import "hayauma.example/actors/campaign"

// WindowsOf are the windows that a campaign's events tell of, in their order.
func WindowsOf(events []campaign.Event) []Window {
	var f windowFold
	for _, e := range events {
		f.apply(e)
	}
	return f.windows
}
