// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a model of a hub knows, whatever its protocol: whom it lets in, by its own clock and without any grace, and which messages have come.
 * Counts what must not happen.
 */
public final class HubLedger {
    private static final Pattern EXPIRY = Pattern.compile("&se=(\\d+)");
    private static final Duration HOUR = Duration.ofHours(1);

    private final VirtualWorld world;
    private final Duration skew;
    private final Map<String, Device> devices = new LinkedHashMap<>();

    /** @param skew how far the hub's clock is ahead of the truth */
    public HubLedger(VirtualWorld world, Duration skew) {
        this.world = world;
        this.skew = skew;
    }

    public Device device(String id) {
        return devices.computeIfAbsent(id, unused -> new Device());
    }

    private Instant now() {
        return world.truth().plus(skew);
    }

    /** One identity. */
    public final class Device {
        private final BitSet received = new BitSet();
        private final Queue<Instant> attempts = new ArrayDeque<>();
        private Instant end = Instant.MIN;
        private int newest = -1;

        /** Tokens that were shown and had ended. */
        public int refused;
        /** Connections or links that were cut because the token had ended. */
        public int cut;
        /** Tokens that were taken. */
        public int taken;
        /** Copies after the first. */
        public int doubled;
        /** So many could be, for their acknowledgement was lost. */
        public int mayBeDoubled;

        public int outOfOrder;
        /** Links for telemetry that were attached, or connections. */
        public int attached;

        public int mostInAnHour;

        /** A token is shown. */
        public boolean lets(String token) {
            Instant now = world.truth();
            attempts.add(now);
            attempts.removeIf(each -> Duration.between(each, now).compareTo(HOUR) >= 0);
            mostInAnHour = Math.max(mostInAnHour, attempts.size());
            Matcher expiry = EXPIRY.matcher(token);
            if (!expiry.find()) {
                throw new AssertionError("a token without an end");
            }
            Instant ends = Instant.ofEpochSecond(Long.parseLong(expiry.group(1)));
            if (!ends.isAfter(now())) {
                refused++;
                return false;
            }
            end = ends;
            taken++;
            return true;
        }

        /** How long the token that was taken last is good for. */
        public Duration left() {
            return Duration.between(now(), end);
        }

        public void received(int number) {
            if (received.get(number)) {
                doubled++;
                return;
            }
            received.set(number);
            if (number < newest) {
                outOfOrder++;
            }
            newest = Math.max(newest, number);
        }

        public boolean has(int number) {
            return received.get(number);
        }
    }
}
