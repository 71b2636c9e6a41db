package channel

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"hayauma.example/actors"
)

var (
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	envPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// MaxLimit is the highest limit, in calls a second, that can be set.
const MaxLimit = 1_000_000

// providerLINE is the one provider that there is.
const providerLINE = "line"

// Validate tells what is wrong with settings for the channel of that name, as an [actors.Problem] with status 422, or nil.
func Validate(name string, s actors.Settings) error {
	switch {
	case !namePattern.MatchString(s.Name):
		return invalid("the name %q is not usable: take 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", clip(s.Name))
	case s.Name != name:
		return invalid("the settings are for channel %q, but channel %q was asked: use the same name in both", clip(s.Name), clip(name))
	case s.Provider != providerLINE:
		return invalid("the provider %q is not known: set it to %q", clip(s.Provider), providerLINE)
	case !envPattern.MatchString(s.TokenEnv):
		return invalid("token_env is not the name of an environment variable: give the name of the variable that holds the channel " +
			"access token, such as LINE_TOKEN (letters, digits and _), not the token itself") // which is why it is not shown
	case s.Limits.Push < 0 || s.Limits.Multicast < 0 || s.Limits.Push > MaxLimit || s.Limits.Multicast > MaxLimit:
		return invalid("limits are calls a second from 0 (no limit) to %d: push is %d, multicast is %d", MaxLimit, s.Limits.Push, s.Limits.Multicast)
	}
	return validateEndpoint(s.Endpoint)
}

func validateEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return invalid("the endpoint %q is not a URL with http:// or https:// and a host: use https://api.line.me", clip(endpoint))
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return invalid("the endpoint must be a plain base URL: take out the user, the query and the fragment")
	case strings.Contains(u.Path+"/", "/v2/bot/"):
		return invalid("the endpoint %q contains /v2/bot, which is added to each call: leave it out", clip(endpoint))
	}
	return nil
}

func invalid(format string, args ...any) error {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "invalid channel settings", Detail: fmt.Sprintf(format, args...)}
}

func notFound(name string) actors.Problem {
	return actors.Problem{Status: http.StatusNotFound, Title: "unknown channel",
		Detail: fmt.Sprintf("channel %q is not configured: add it first", clip(name))}
}

// clip keeps what is shown of an input short.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// tokenWarning tells that the variable of the token is not set, as seen on this node.
func tokenWarning(s actors.Settings, getenv func(string) string) string {
	if getenv(s.TokenEnv) != "" {
		return ""
	}
	return fmt.Sprintf("the environment variable %s is not set: set it to the channel access token and restart", s.TokenEnv)
}
