// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

/**
 * How a run of sends went.
 *
 * @param sent how many messages were taken on
 * @param acked how many of them the hub has confirmed
 * @param seconds from the first message to the last answer
 * @param p50Micros half of the acknowledgements took no longer, from the call of send
 * @param p99Micros likewise for 99 in 100
 */
record Tally(long sent, long acked, double seconds, long p50Micros, long p99Micros) {

    /** Those that the hub refused, and those whose fate is unknown. */
    long failed() {
        return sent - acked;
    }

    long messagesPerSecond() {
        return seconds <= 0 ? 0 : Math.round(acked / seconds);
    }
}
