// SPDX-License-Identifier: Apache-2.0
/**
 * The certificates of the emulator: a certificate authority made on first start, and what it issues. Also for tests that need
 * a server nobody trusts, or one with another host's certificate. Start reading at {@link
 * io.upstream.emulator.tls.EmulatorCa}.
 */
@NullMarked
package io.upstream.emulator.tls;

import org.jspecify.annotations.NullMarked;
