package actors

import "time"

// WebhookMsg is the closed set of messages that a webhook takes. The identity is the webhook's name.
//
//sumtype:decl
type WebhookMsg interface{ webhookMsg() }

type (
	// AddWebhook adds or changes the webhook, and ends its pause. Answer: WebhookInfo or Problem.
	AddWebhook struct{ Settings WebhookSettings }
	// RemoveWebhook forgets it, with what was not delivered. Answer: Done or Problem.
	RemoveWebhook struct{}
	// DescribeWebhook asks for it. Answer: WebhookInfo or Problem.
	DescribeWebhook struct{}
	// TestWebhook has one delivery made at once, beside those that wait. Answer: WebhookTested or Problem.
	TestWebhook struct{}
)

func (AddWebhook) webhookMsg()      {}
func (RemoveWebhook) webhookMsg()   {}
func (DescribeWebhook) webhookMsg() {}
func (TestWebhook) webhookMsg()     {}

// WebhookSettings are a webhook's configuration.
type WebhookSettings struct {
	Name      string
	URL       string
	Events    []string // types of deliveries, in order; empty: all
	Channel   string   // only its campaigns; empty: all
	SecretEnv string   // name of the variable that holds the signing secret, read at each use
}

// WebhookState is a webhook's state as the API shows it.
type WebhookState string

// The states of a webhook.
const (
	WebhookDelivering WebhookState = "delivering"
	WebhookRetrying   WebhookState = "retrying"
	WebhookPaused     WebhookState = "paused" // until it is added again
)

// WebhookInfo is a webhook as shown.
type WebhookInfo struct {
	Settings  WebhookSettings
	State     WebhookState
	Since     time.Time // when the state began, as far as its present node knows
	Reason    string    // the last error, or why it is paused
	Warning   string    // e.g. the secret's variable is not set
	Oldest    time.Time // of what is known and not delivered; zero: nothing
	Delivered uint64
	GivenUp   uint64
}

// WebhookTested answers TestWebhook.
type WebhookTested struct {
	ID     string
	Status int    // of the answer; 0: there was none
	Error  string // empty: it was delivered
	Took   time.Duration
}
