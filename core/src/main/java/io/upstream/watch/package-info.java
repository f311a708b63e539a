// SPDX-License-Identifier: Apache-2.0
/**
 * What can be seen of the library at work. {@link io.upstream.watch.Ledger} keeps the books of a session's messages, {@link
 * io.upstream.watch.SessionWatch} and {@link io.upstream.watch.TransportWatch} count the rest and make the events of which {@link
 * io.upstream.watch.EventFeed} tells observers. Nothing here decides anything, and nothing here knows the protocols.
 */
@NullMarked
package io.upstream.watch;

import org.jspecify.annotations.NullMarked;
