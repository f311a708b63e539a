// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.session.Callbacks;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;

/**
 * What a session is made of, known before there is a connection.
 *
 * @param pace the transport's
 */
record SessionSetup(SessionTerms terms, Dialect dialect, Pace pace) {
    Identity identity() {
        return terms.identity();
    }

    UpstreamOptions options() {
        return terms.options();
    }

    Callbacks callbacks() {
        return terms.callbacks();
    }
}
