// Package chaos marks the places where a process may be killed to see what holds. Built without the tag chaos, a point
// costs nothing. Built with it, CHAOS=seed:probability decides at each point that is passed whether the process ends there
// and then, as kill -9 would end it, or stands still for a moment; CHAOS_POINTS names the points that count, all when empty.
package chaos
