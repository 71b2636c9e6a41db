package line

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"hayauma.example/actors/provider"
)

// DefaultEndpoint is LINE's production API.
const DefaultEndpoint = "https://api.line.me"

// DefaultMaxInFlight is how many connections one client keeps open.
const DefaultMaxInFlight = 512

// Config configures a Client. Only Token is required.
type Config struct {
	Endpoint    string                 // base URL without /v2/bot; DefaultEndpoint if empty
	Token       func() (string, error) // channel access token, asked for at each use; see TokenFromEnv
	Pool        *Pool                  // connections that clients share; nil: a pool of its own
	MaxInFlight int                    // connections of the own pool at once, more calls wait; DefaultMaxInFlight if 0
	Timeout     time.Duration          // of one attempt; provider.Timeout if 0
}

// Client calls LINE for one channel. It is safe for concurrent use.
type Client struct {
	transport http.RoundTripper
	token     func() (string, error)
	announces bool // the transport says when a request has a connection: ours does
	timeout   time.Duration
	urls      urls
	bearer    atomic.Pointer[bearer] // the header of the last token, so that it is built once
}

var _ provider.Provider = (*Client)(nil)

// bearer is an Authorization header and the token it was made from.
type bearer struct {
	token  string
	header []string
}

// urls are shared by all requests and never written to.
type urls struct {
	send, validate     [2]*url.URL // by provider.Endpoint
	quota, consumption *url.URL
}

// New checks the configuration. It makes no connection and doesn't ask for the token.
func New(c Config) (*Client, error) {
	if c.Token == nil {
		return nil, errors.New("line: Config.Token is missing: give a function that returns the channel access token")
	}
	if c.MaxInFlight < 0 || c.Timeout < 0 {
		return nil, fmt.Errorf("line: MaxInFlight %d and Timeout %s must not be negative", c.MaxInFlight, c.Timeout)
	}
	u, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	client := &Client{token: c.Token, timeout: c.Timeout, urls: u}
	if client.timeout == 0 {
		client.timeout = provider.Timeout
	}
	if c.Pool == nil {
		c.Pool = NewPool(cmp.Or(c.MaxInFlight, DefaultMaxInFlight))
	}
	client.transport, client.announces = c.Pool.transport, true
	return client, nil
}

// TokenFromEnv reads the token from an environment variable at each use. Where it is not set the error names the node, because each node
// has variables of its own.
func TokenFromEnv(variable, node string) func() (string, error) {
	return func() (string, error) {
		token := strings.TrimSpace(os.Getenv(variable))
		if token == "" {
			return "", fmt.Errorf("environment variable %s is not set on node %s: set it to the channel access token there, and start that node again", variable, node)
		}
		return token, nil
	}
}

// Send makes one attempt of a push or multicast.
func (c *Client) Send(ctx context.Context, call provider.Call) provider.Answer {
	if int(call.Endpoint) >= len(c.urls.send) || len(call.To) == 0 || call.Endpoint == provider.Push && len(call.To) != 1 {
		return provider.Answer{Verdict: provider.Refused, Reason: "malformed call: the endpoint is unknown or the number of recipients doesn't fit it"}
	}
	return c.post(ctx, c.urls.send[call.Endpoint], appendCall(nil, &call), call.Key.String())
}

// Validate lets LINE check messages; nothing is sent to anyone. Accepted means valid.
func (c *Client) Validate(ctx context.Context, e provider.Endpoint, messages json.RawMessage) provider.Answer {
	if int(e) >= len(c.urls.validate) {
		return provider.Answer{Verdict: provider.Refused, Reason: "malformed call: the endpoint is unknown"}
	}
	return c.post(ctx, c.urls.validate[e], appendMessages(make([]byte, 0, len(messages)+16), messages), "")
}

// AnswerError is an answer other than success to a call that returns an error.
type AnswerError struct {
	Op     string
	Answer provider.Answer
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("line: %s: status %d: %s", e.Op, e.Answer.Status, e.Answer.Reason)
}

// Quota reads the month's limit and consumption.
func (c *Client) Quota(ctx context.Context) (provider.Quota, error) {
	var limit struct {
		Type  string `json:"type"`
		Value int64  `json:"value"`
	}
	var used struct {
		TotalUsage *int64 `json:"totalUsage"`
	}
	if err := c.get(ctx, "read the quota", c.urls.quota, &limit); err != nil {
		return provider.Quota{}, err
	}
	if limit.Type != "none" && limit.Type != "limited" {
		return provider.Quota{}, unreadable("read the quota", "unknown type of quota")
	}
	if err := c.get(ctx, "read the consumption", c.urls.consumption, &used); err != nil {
		return provider.Quota{}, err
	}
	if used.TotalUsage == nil {
		return provider.Quota{}, unreadable("read the consumption", "totalUsage is missing")
	}
	return provider.Quota{Limited: limit.Type == "limited", Limit: limit.Value, Used: *used.TotalUsage}, nil
}

func unreadable(op, why string) error {
	return &AnswerError{Op: op, Answer: provider.Answer{Verdict: provider.Doubtful, Status: http.StatusOK, Reason: why}}
}

func parseEndpoint(endpoint string) (urls, error) {
	if endpoint == "" {
		endpoint = DefaultEndpoint
	}
	base, err := url.Parse(strings.TrimRight(endpoint, "/"))
	switch {
	case err != nil:
		return urls{}, fmt.Errorf("line: endpoint %q is not a URL: %w", endpoint, err)
	case base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.User != nil:
		return urls{}, fmt.Errorf("line: endpoint %q: give http:// or https:// and a host, without user, query and /v2/bot", endpoint)
	case strings.HasSuffix(base.Path, "/v2/bot"):
		return urls{}, fmt.Errorf("line: endpoint %q: leave out /v2/bot", endpoint)
	}
	base.Path += "/" // JoinPath leaves a path without it relative
	at := func(path string) *url.URL { return base.JoinPath("/v2/bot/message", path) }
	return urls{
		send:        [2]*url.URL{provider.Push: at("push"), provider.Multicast: at("multicast")},
		validate:    [2]*url.URL{provider.Push: at("validate/push"), provider.Multicast: at("validate/multicast")},
		quota:       at("quota"),
		consumption: at("quota/consumption"),
	}, nil
}
