// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * Is told of what happens rarely and matters: connections that are made and lost, pauses, tokens, gaps. Given to {@link
 * UpstreamRuntime.Builder#observer}; for numbers there is {@link UpstreamTransport#statistics}.
 *
 * <p><b>Threads:</b> each observer is called on a thread of its own, one event at a time, in order. It holds up nothing: when it is slower
 * than the events come, at most {@value #QUEUE} of them wait, and later ones are dropped until there is room; then numbers are missing in
 * {@link UpstreamEvent#sequence}, and {@link UpstreamRuntime#droppedEvents} counts them. What it throws is logged and goes no further.
 */
@FunctionalInterface
public interface UpstreamObserver {
    /** How many events wait for one observer at most. */
    int QUEUE = 1_024;

    /** Something has happened. */
    void on(UpstreamEvent event);
}
