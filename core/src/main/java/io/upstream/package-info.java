// SPDX-License-Identifier: Apache-2.0
/**
 * What an application sees: a transport to one hub, sessions for its identities, the messages and the errors. Start with
 * {@link io.upstream.UpstreamTransport}. No type of Netty or of any other library appears in a signature, so that those can
 * be shaded.
 */
@NullMarked
package io.upstream;

import org.jspecify.annotations.NullMarked;
