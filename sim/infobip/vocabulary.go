package infobip

import (
	"maps"
	"slices"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// failure is the second axis of a report: whose fault it was, and whether trying again can help.
type failure struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Permanent   bool   `json:"permanent"`
}

func noFailure() failure {
	return failure{GroupID: 0, GroupName: "OK", ID: 0, Name: "NO_ERROR", Description: "No Error"}
}

// The status ids that this stand-in says of its own accord.
const (
	statusDelivered = 5
	statusEnroute   = 7
	statusUndone    = 9
	statusAccepted  = 26
)

// statusOf is the documented vocabulary of statuses by id.
func statusOf(id int) status {
	switch id {
	case 2:
		return status{3, "DELIVERED", id, "DELIVERED_TO_OPERATOR", "Message delivered to operator"}
	case 3:
		return status{1, "PENDING", id, "PENDING_WAITING_DELIVERY", "Message sent, waiting for delivery report"}
	case statusDelivered:
		return status{3, "DELIVERED", id, "DELIVERED_TO_HANDSET", "Message delivered to handset"}
	case statusEnroute:
		return status{1, "PENDING", id, "PENDING_ENROUTE", "Message sent to next instance"}
	case statusAccepted:
		return status{1, "PENDING", id, "PENDING_ACCEPTED", "Message accepted, pending for delivery"}
	case 4:
		return status{2, "UNDELIVERABLE", id, "UNDELIVERABLE_REJECTED_OPERATOR", "Message rejected by operator"}
	case 31:
		return status{2, "UNDELIVERABLE", id, "UNDELIVERABLE_NOT_SENT", "Message not sent"}
	case 15:
		return status{4, "EXPIRED", id, "EXPIRED_EXPIRED", "Message expired"}
	case 29:
		return status{4, "EXPIRED", id, "EXPIRED_DLR_UNKNOWN", "Delivery report unknown"}
	}
	if name, ok := rejections()[id]; ok {
		return status{5, "REJECTED", id, "REJECTED_" + name, "Message rejected"}
	}
	return status{2, "UNDELIVERABLE", statusUndone, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"}
}

func rejections() map[int]string {
	return map[int]string{
		6: "NETWORK", 8: "PREFIX_MISSING", 10: "DND", 11: "SOURCE", 12: "NOT_ENOUGH_CREDITS", 13: "SENDER", 14: "DESTINATION_BLOCKLISTED",
		17: "PREPAID_PACKAGE_EXPIRED", 18: "DESTINATION_NOT_REGISTERED", 19: "ROUTE_NOT_AVAILABLE", 20: "FLOODING_FILTER", 21: "SYSTEM_ERROR",
		23: "DUPLICATE_MESSAGE_ID", 25: "MESSAGE_TOO_LONG", 51: "MISSING_TO", 52: "DESTINATION", 100: "UNDELIVERABLE_REJECTED_PLATFORM",
	}
}

// failureOf is the documented vocabulary of chat errors by id, with Infobip's own permanent flag.
func failureOf(id int) failure {
	names := map[int]string{
		7001: "EC_UNKNOWN_APPLICATION", 7002: "EC_UNKNOWN_USER", 7003: "EC_BLOCKED_USER", 7004: "EC_UNAUTHORIZED_ACCESS", 7005: "EC_FORBIDDEN_ACCESS",
		7006: "EC_BAD_REQUEST", 7007: "EC_ILLEGAL_TRAFFIC_TYPE", 7008: "EC_INVALID_TEMPLATE_ARGS", 7009: "EC_INVALID_TEMPLATE", 7010: "EC_NO_SESSION",
		7011: "EC_ACCOUNT_ISSUE", 7012: "EC_DEPLOYMENT_CONFIGURATION_ERROR", 7013: "EC_MEDIA_HOSTING_ERROR", 7014: "EC_MEDIA_UPLOAD_ERROR",
		7015: "EC_MEDIA_METADATA_ERROR", 7016: "EC_SPAM_RATE", 7017: "EC_TOO_MANY_REQUESTS", 7018: "EC_INTERNAL_BAD_MAPPING", 7019: "EC_PROVIDER_BILLING_ERROR",
		7020: "EC_DEVICE_REPRODUCTION_ERROR", 7021: "EC_LIMITED_FUNCTIONALITY", 7022: "EC_MEDIA_UNSUPPORTED", 7023: "EC_DATA_MISMATCH",
		7024: "EC_NOT_ALLOWED_SENDING_TIME", 7025: "EC_UNSUPPORTED_MOBILE_APP_VERSION", 7026: "EC_MESSAGE_TYPE_EXHAUSTED", 7027: "EC_BLOCKED_CONTENT",
		7029: "EC_USER_IDENTITY_CHANGED", 7030: "EC_TEMPLATE_BLOCKED_BY_USER", 7031: "EC_INVALID_WA_FLOW", 7032: "EC_FREQUENCY_CAPPING",
		7033: "EC_MARKETING_OPT_OUT", 7034: "EC_SENDER_NOT_REGISTERED", 7035: "EC_CALL_PERMISSION_REQUEST_FAILED", 7036: "EC_TEMPLATE_NOT_SYNCED",
		7037: "EC_TEMPLATE_NOT_AVAILABLE", 7038: "EC_INVALID_WA_ACCOUNT_TYPE", 7050: "EC_PROVIDER_INTERNAL_ERROR", 7051: "EC_PROVIDER_TIMEOUT",
		7052: "EC_PROVIDER_DR_ERROR", 7080: "EC_INTERNAL_ERROR", 7081: "EC_CONFIGURATION_ERROR", 7082: "EC_TEMPORARY_GATEWAY_ERROR",
		7083: "EC_SERVICE_NOT_ACTIVATED", 7084: "EC_MISSING_SENDER_METADATA", 7280: "EC_DUPLICATE_REQUEST", 7281: "EC_BAD_ORIGIN",
	}
	passing := []int{7012, 7013, 7014, 7017, 7024, 7035, 7036, 7037, 7050, 7051}
	name, ok := names[id]
	if !ok {
		name = "EC_UNKNOWN_ERROR"
	}
	return failure{GroupID: 2, GroupName: "USER_ERRORS", ID: id, Name: name, Description: name, Permanent: !slices.Contains(passing, id)}
}
