// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.session.Callbacks;

/** What a session is made of, known before there is a connection. */
record SessionSetup(
        Identity identity,
        UpstreamProtocol protocol,
        Dialect dialect,
        UpstreamOptions options,
        UpstreamRuntime runtime,
        Callbacks callbacks) {}
