// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;

/**
 * How long one part of an attempt may take. What is left of the attempt's own deadline counts too, whichever is over first. Names have
 * {@link NameLookup#LIMIT}.
 *
 * @param time all of it, or from one byte of the peer to the next
 * @param patience likewise, for a peer that has not begun to answer what was said to it last and to which there is no alternative
 */
public record StageLimit(Duration time, Duration patience, Counted counted) {
    /** For a layer that has no limit of its own. */
    static final StageLimit OTHERWISE = of(Duration.ofSeconds(20));

    /** For all addresses of a name together. */
    static final Duration TCP = Duration.ofSeconds(20);

    /** For each of them. */
    static final Duration TCP_ADDRESS = Duration.ofSeconds(10);

    /** What the limit is measured from. */
    public enum Counted {
        /** Of the layer. */
        FROM_THE_BEGINNING,
        /** Said or heard. */
        FROM_THE_LAST_BYTE
    }

    /** For the whole layer. */
    public static StageLimit of(Duration time) {
        return new StageLimit(time, time, Counted.FROM_THE_BEGINNING);
    }

    /** For silence, with more patience where nobody else can be asked. A layer that is limited so counts its steps by itself. */
    public static StageLimit ofSilence(Duration time, Duration patience) {
        return new StageLimit(time, patience, Counted.FROM_THE_LAST_BYTE);
    }

    /** What a layer fails with whose {@code limit} is over. */
    public static UpstreamException exceeded(Where where, Duration limit) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                "no answer from " + where.hop() + " in stage '" + where.stage() + "', and the "
                        + Failures.seconds(limit)
                        + " for that stage are over: check that hop and any firewall on the way");
    }
}
