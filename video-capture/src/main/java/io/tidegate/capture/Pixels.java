package io.tidegate.capture;

/** A picture in planar YUV 4:2:0 on which characters and bars are drawn. Confined to its owner. */
final class Pixels {
    private static final String CHARACTERS = "0123456789:-. #TZ";
    /** Five columns by seven lines, one line per number, the leftmost column in bit 4. */
    private static final int[][] FONT = {
        {14, 17, 19, 21, 25, 17, 14},
        {4, 12, 4, 4, 4, 4, 14},
        {14, 17, 1, 2, 4, 8, 31},
        {31, 2, 4, 2, 1, 17, 14},
        {2, 6, 10, 18, 31, 2, 2},
        {31, 16, 30, 1, 1, 17, 14},
        {6, 8, 16, 30, 17, 17, 14},
        {31, 1, 2, 4, 8, 8, 8},
        {14, 17, 17, 14, 17, 17, 14},
        {14, 17, 17, 15, 1, 2, 12},
        {0, 4, 4, 0, 4, 4, 0},
        {0, 0, 0, 14, 0, 0, 0},
        {0, 0, 0, 0, 0, 12, 12},
        {0, 0, 0, 0, 0, 0, 0},
        {10, 10, 31, 10, 31, 10, 10},
        {31, 4, 4, 4, 4, 4, 4},
        {31, 1, 2, 4, 8, 16, 31},
    };

    private static final int COLUMNS = 6;
    private static final int LINES = 7;

    final int width;
    final int height;
    final byte[] luma;
    final byte[] blue;
    final byte[] red;

    Pixels(int width, int height) {
        this.width = width;
        this.height = height;
        this.luma = new byte[width * height];
        this.blue = new byte[width * height / 4];
        this.red = new byte[width * height / 4];
    }

    void fill(int left, int top, int columns, int lines, int y, int u, int v) {
        int right = Math.min(width, left + columns);
        for (int line = Math.max(0, top); line < Math.min(height, top + lines); line++) {
            for (int x = Math.max(0, left); x < right; x++) {
                luma[line * width + x] = (byte) y;
                int chroma = (line / 2) * (width / 2) + x / 2;
                blue[chroma] = (byte) u;
                red[chroma] = (byte) v;
            }
        }
    }

    /** Draws what the font has; other characters are blank. */
    void text(int left, int top, int scale, String text) {
        fill(left - scale, top - scale, (text.length() * COLUMNS + 1) * scale, (LINES + 2) * scale, 16, 128, 128);
        for (int i = 0; i < text.length(); i++) {
            int index = CHARACTERS.indexOf(text.charAt(i));
            for (int line = 0; index >= 0 && line < LINES; line++) {
                for (int column = 0; column < 5; column++) {
                    if (((FONT[index][line] >> (4 - column)) & 1) == 1) {
                        int x = left + (i * COLUMNS + column) * scale;
                        fill(x, top + line * scale, scale, scale, 235, 128, 128);
                    }
                }
            }
        }
    }
}
