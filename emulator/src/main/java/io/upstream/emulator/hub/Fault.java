// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something that goes wrong for one identity.
 *
 * @param delay how long until it begins
 * @param duration how long it lasts from then on: what is killed stays down, what is refused stays refused. Zero kills once; what refuses then lasts until it is
 *     {@linkplain HubCore#endFault ended}, but {@link FaultKind#LOST_ACK}, which is over when it has struck
 */
public record Fault(FaultKind kind, Duration delay, Duration duration) {
    private static final String TYPE = "AzIoTHub_FaultOperationType";
    private static final String DELAY = "AzIoTHub_FaultOperationDelayInSecs";
    private static final String DURATION = "AzIoTHub_FaultOperationDurationInSecs";
    /** What the SDKs' tests use when they say nothing. */
    private static final Duration USUAL_DURATION = Duration.ofSeconds(5);

    private static final Duration LONGEST = Duration.ofDays(1);

    public Fault {
        require(delay, "delay");
        require(duration, "duration");
    }

    private static void require(Duration given, String name) {
        if (given.isNegative() || given.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("the " + name + " of a fault must be between 0 and " + LONGEST);
        }
    }

    /** Begins at once; see {@link #duration} for how long it lasts then. */
    public static Fault now(FaultKind kind) {
        return new Fault(kind, Duration.ZERO, Duration.ZERO);
    }

    /** Begins at once and lasts so long. */
    public static Fault lasting(FaultKind kind, Duration duration) {
        return new Fault(kind, Duration.ZERO, duration);
    }

    /**
     * What a message asks for; {@code null} if it is ordinary telemetry.
     *
     * @throws HubException {@link HubError#MALFORMED} if it asks for what is not known
     */
    static @Nullable Fault of(HubMessage message) throws HubException {
        Map<String, String> properties = message.properties();
        String type = properties.get(TYPE);
        return type == null
                ? null
                : of(
                        FaultKind.ofOperationType(type),
                        seconds(properties.get(DELAY), Duration.ZERO),
                        seconds(properties.get(DURATION), USUAL_DURATION));
    }

    /**
     * As the constructor, for what comes from outside.
     *
     * @throws HubException {@link HubError#MALFORMED} if it is no fault
     */
    public static Fault of(FaultKind kind, Duration delay, Duration duration) throws HubException {
        try {
            return new Fault(kind, delay, duration);
        } catch (IllegalArgumentException e) {
            throw new HubException(HubError.MALFORMED, String.valueOf(e.getMessage()));
        }
    }

    /** Reads a number of seconds, which may have a fraction. */
    public static Duration seconds(@Nullable String text, Duration otherwise) throws HubException {
        if (text == null) {
            return otherwise;
        }
        try {
            return Duration.ofMillis(new BigDecimal(text.strip())
                    .movePointRight(3)
                    .min(BigDecimal.valueOf(Integer.MAX_VALUE))
                    .longValue());
        } catch (NumberFormatException e) {
            throw new HubException(HubError.MALFORMED, "a fault's delay and duration must be numbers of seconds");
        }
    }
}
