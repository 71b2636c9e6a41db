// Package config reads the daemon's settings.
//
// Sources in rising order: defaults, a YAML file, environment variables HAYAUMA_…, flags. A setting has one name
// everywhere: log-level in the file, HAYAUMA_LOG_LEVEL in the environment, --log-level on the command line. Secrets
// (token) have no flag, because a process list shows flags to everyone. The node's roles are also read from NODE_TYPE.
//
// A name that no setting has is an error that says where it stands and which name is nearest. So is a value that can't
// be read or that contradicts another: nothing is ignored. [Config.Validate] holds the rules, also for programs that
// fill a Config by hand.
package config
