// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.watch.SessionWatch;

/**
 * What a session stands on for all its life.
 *
 * @param hub whether the peer is an IoT Hub, with twins and methods
 * @param loop where all its connections live, one after the other
 * @param watch counts what happens
 */
public record SessionTerms(
        Identity identity,
        UpstreamProtocol protocol,
        boolean hub,
        UpstreamOptions options,
        UpstreamRuntime runtime,
        EventLoop loop,
        Callbacks callbacks,
        SessionWatch watch) {
    /** Of a session that belongs to no transport. */
    public SessionTerms(
            Identity identity,
            UpstreamProtocol protocol,
            boolean hub,
            UpstreamOptions options,
            UpstreamRuntime runtime,
            EventLoop loop,
            Callbacks callbacks) {
        this(
                identity,
                protocol,
                hub,
                options,
                runtime,
                loop,
                callbacks,
                new SessionWatch(runtime, protocol, identity, callbacks::failures));
    }
}
