// SPDX-License-Identifier: Apache-2.0
/**
 * What the sessions of all protocols share: the way in for messages ({@link io.upstream.session.Outbox}), the way out to the
 * application ({@link io.upstream.session.Callbacks}), where tokens come from ({@link io.upstream.session.TokenSource}), and where a session is
 * in its life ({@link io.upstream.session.Lifecycle}).
 */
@NullMarked
package io.upstream.session;

import org.jspecify.annotations.NullMarked;
