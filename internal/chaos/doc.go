// Package chaos marks the places where a process may be killed to see what holds. Built without the tag chaos, a point
// costs nothing. Built with it, CHAOS=seed:probability decides at each point that is passed whether the process ends there
// and then, as kill -9 would end it, or stands still for a moment. CHAOS_POINTS names the points that count, all when empty;
// CHAOS_ABOUT is a word that what is worked on must hold; CHAOS_ACT is done instead of ending: panic, hang for ever, whatever
// is cancelled, or pause; CHAOS_TIMES is how often at most.
package chaos
