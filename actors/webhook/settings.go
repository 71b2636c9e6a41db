package webhook

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"hayauma.example/actors"
)

var (
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`) // of a webhook, and of a channel
	envPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// maxURL bounds an endpoint, in bytes.
const maxURL = 2048

// Validate tells what is wrong with settings for the webhook of that name, as an [actors.Problem] with status 422, or nil.
func Validate(name string, s actors.WebhookSettings) error {
	switch {
	case !namePattern.MatchString(s.Name):
		return invalid("the name %q is not usable: take 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit", clip(s.Name))
	case s.Name != name:
		return invalid("the settings are for webhook %q, but webhook %q was asked: use the same name in both", clip(s.Name), clip(name))
	case s.Channel != "" && !namePattern.MatchString(s.Channel):
		return invalid("%q is no channel's name", clip(s.Channel))
	case !envPattern.MatchString(s.SecretEnv):
		return invalid("secret_env is not the name of an environment variable: give the name of the variable that holds the signing " +
			"secret, such as CRM_SECRET (letters, digits and _), not the secret itself") // which is why it is not shown
	}
	for i, e := range s.Events {
		if !slices.Contains(Types, e) {
			return invalid("%q is no event: there are %s", clip(e), strings.Join(Types, ", "))
		}
		if slices.Contains(s.Events[:i], e) {
			return invalid("the event %q is named twice", e)
		}
	}
	return validateURL(s.URL)
}

func validateURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return invalid("the url %q is not one with http:// or https:// and a host", clip(text))
	case u.User != nil:
		return invalid("the url must not have a user or password: the receiver checks the signature instead") // not shown
	case u.Fragment != "":
		return invalid("the url has a fragment, which is never sent: take it out")
	case len(text) > maxURL:
		return invalid("the url is longer than %d bytes", maxURL)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return actors.Problem{Status: http.StatusUnprocessableEntity, Title: "invalid webhook settings", Detail: fmt.Sprintf(format, args...)}
}

func notFound(name string) actors.Problem {
	return actors.Problem{Status: http.StatusNotFound, Title: "unknown webhook",
		Detail: fmt.Sprintf("webhook %q is not configured: add it first", clip(name))}
}

// clip keeps what is shown of an input short.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// sameSettings tells whether nothing would change.
func sameSettings(a, b actors.WebhookSettings) bool {
	return a.Name == b.Name && a.URL == b.URL && a.Channel == b.Channel && a.SecretEnv == b.SecretEnv && slices.Equal(a.Events, b.Events)
}

// missingSecret tells that the variable of the secret is not set, as seen on this node; empty: it is.
func missingSecret(s actors.WebhookSettings, getenv func(string) string) string {
	if getenv(s.SecretEnv) != "" {
		return ""
	}
	return fmt.Sprintf("the environment variable %s is not set: set it to the signing secret and restart", s.SecretEnv)
}
