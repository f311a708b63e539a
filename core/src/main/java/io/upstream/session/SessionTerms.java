// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;

/**
 * What a session stands on for all its life.
 *
 * @param hub whether the peer is an IoT Hub, with twins and methods
 * @param loop where all its connections live, one after the other
 */
public record SessionTerms(
        Identity identity,
        UpstreamProtocol protocol,
        boolean hub,
        UpstreamOptions options,
        UpstreamRuntime runtime,
        EventLoop loop,
        Callbacks callbacks) {}
