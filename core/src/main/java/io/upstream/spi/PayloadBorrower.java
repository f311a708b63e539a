// SPDX-License-Identifier: Apache-2.0
package io.upstream.spi;

import java.nio.ByteBuffer;

/**
 * Is shown a payload where it lies, for a transport that passes it on without a copy. It must not change it, and keep nothing of it once
 * the message is answered.
 *
 * @param <R> what it makes of it
 */
public interface PayloadBorrower<R> {
    /** The payload lies in an array. */
    R array(byte[] array, int offset, int length);

    /** The payload lies outside of the heap, or in what may only be read: a fresh view, position 0. */
    R buffer(ByteBuffer payload);
}
