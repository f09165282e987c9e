package io.tidegate.buffer;

import io.tidegate.buffer.PageImages.Image;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Finds the rows in the pages of a segment, by looking at every leaf page that there is, whatever leads to it, and gathers
 * what a row has on overflow pages. Which rows are right is said by their checksums, that is by whoever asks.
 *
 * <p>Confined to one thread.
 */
final class PageRows {
    private static final int LEAF = 13;
    private static final int INNER = 5;
    private static final int LEAF_HEADER_BYTES = 8;
    private static final int OVERFLOW_BYTES = PageImages.PAGE_BYTES - 4;
    /** Of a row on many pages of which there are several different copies, so many combinations are tried. */
    private static final int COMBINATIONS_MAX = 64;

    private static final int COPIES_MAX = 8;

    private final PageImages images;
    /** Pages of the database that hold something that has been found right, or that lead to it. */
    private final BitSet good = new BitSet();

    /**
     * Where a row begins.
     *
     * @param isListed the page's own list of rows says so; else only the bytes look like it
     */
    record Place(Image image, int offset, boolean isListed) {}

    /** Sees every place at which a row may begin, and says whether one does. */
    @FunctionalInterface
    interface Visitor {
        boolean isRow(Place place, StoredRow row);
    }

    PageRows(PageImages images) {
        this.images = images;
    }

    /** Looks at every copy of every page. */
    void visit(Visitor visitor) {
        for (Image image : images.all()) {
            byte[] page = images.read(image);
            boolean isWhole = page[0] == LEAF && visitLeaf(image, page, visitor);
            if (!isWhole && mayHideRows(page)) {
                visitBytes(image, page, visitor);
            }
            if (image.isDatabase() && (isWhole || page[0] == INNER || (image.page() == 1 && isHeader(page)))) {
                good.set(image.page());
            }
        }
    }

    private static boolean isHeader(byte[] page) {
        return new String(page, 0, 15, StandardCharsets.US_ASCII).equals("SQLite format 3");
    }

    /** True: it lists rows, or none, and every one of them is right. */
    private static boolean visitLeaf(Image image, byte[] page, Visitor visitor) {
        int count = (page[3] & 0xff) << 8 | (page[4] & 0xff);
        boolean isWhole = LEAF_HEADER_BYTES + 2 * count <= page.length;
        for (int i = 0; i < count && LEAF_HEADER_BYTES + 2 * i + 2 <= page.length; i++) {
            int at = LEAF_HEADER_BYTES + 2 * i;
            int offset = (page[at] & 0xff) << 8 | (page[at + 1] & 0xff);
            Optional<StoredRow> row = StoredRow.at(page, offset);
            isWhole &= row.isPresent() && visitor.isRow(new Place(image, offset, true), row.get());
        }
        return isWhole;
    }

    /** Pages that begin with the number of another one hold the middle of a row, and nothing else. */
    private static boolean mayHideRows(byte[] page) {
        return page[0] != 0 || (page[1] == 0 && page[2] == 0 && page[3] == 0);
    }

    private static void visitBytes(Image image, byte[] page, Visitor visitor) {
        for (int offset = 0; offset < page.length - 4; offset++) {
            if (page[offset] != 0 && StoredRow.mayBeginAt(page, offset)) {
                int at = offset;
                StoredRow.at(page, offset).ifPresent(row -> visitor.isRow(new Place(image, at, false), row));
            }
        }
    }

    /**
     * The whole row, put together from those copies of its pages with which it is found right.
     *
     * @param check makes what is wanted of a row's bytes; empty: they are not right
     */
    <T> Optional<T> read(Place place, StoredRow row, Function<byte[], Optional<T>> check) {
        byte[] payload = new byte[row.payloadBytes()];
        System.arraycopy(images.read(place.image()), row.localOffset(), payload, 0, row.localBytes());
        List<Choice> chain = new ArrayList<>();
        for (int tried = 0; tried < COMBINATIONS_MAX; tried++) {
            if (follow(row, payload, chain)) {
                Optional<T> found = check.apply(payload);
                if (found.isPresent()) {
                    chain.forEach(choice -> good.set(choice.page));
                    return found;
                }
            }
            if (!takeAnother(chain)) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Gathers from the end of the chain on. False: the chain breaks off. */
    private boolean follow(StoredRow row, byte[] payload, List<Choice> chain) {
        int at = row.localBytes() + chain.size() * OVERFLOW_BYTES;
        if (!chain.isEmpty()) {
            // The last one has been taken anew.
            chain.get(chain.size() - 1).copyInto(payload, at - OVERFLOW_BYTES);
        }
        while (at < payload.length) {
            int page = chain.isEmpty()
                    ? row.overflowPage()
                    : chain.get(chain.size() - 1).nextPage();
            Choice choice = new Choice(page, images.of(page));
            if (!choice.takeAnother(images)) {
                return false;
            }
            choice.copyInto(payload, at);
            chain.add(choice);
            at += OVERFLOW_BYTES;
        }
        return true;
    }

    private boolean takeAnother(List<Choice> chain) {
        while (!chain.isEmpty()) {
            if (chain.get(chain.size() - 1).takeAnother(images)) {
                return true;
            }
            chain.remove(chain.size() - 1);
        }
        return false;
    }

    /** An overflow page of a row that is being put together, and which copy of it is taken. */
    private static final class Choice {
        private final int page;
        private final List<Image> copies;
        /** What has been tried, the present one last. */
        private final List<byte[]> tried = new ArrayList<>(1);

        private int next;

        Choice(int page, List<Image> copies) {
            this.page = page;
            this.copies = copies;
        }

        /** Takes the next copy that is not the same as one before. False: there is none. */
        boolean takeAnother(PageImages images) {
            while (next < copies.size() && tried.size() < COPIES_MAX) {
                byte[] copy = images.read(copies.get(next++));
                if (tried.stream().noneMatch(other -> Arrays.equals(other, copy))) {
                    tried.add(copy);
                    return true;
                }
            }
            return false;
        }

        private byte[] taken() {
            return tried.get(tried.size() - 1);
        }

        void copyInto(byte[] payload, int at) {
            System.arraycopy(taken(), 4, payload, at, Math.min(OVERFLOW_BYTES, payload.length - at));
        }

        int nextPage() {
            return ByteBuffer.wrap(taken()).getInt();
        }
    }

    /** Pages of the database in which nothing has been found right, and of which no sound copy is elsewhere. */
    List<Integer> badPages() {
        List<Integer> bad = new ArrayList<>();
        for (int page = 1; page <= images.databasePages(); page++) {
            if (!good.get(page) && images.of(page).stream().noneMatch(Image::isSound)) {
                bad.add(page);
            }
        }
        return bad;
    }
}
