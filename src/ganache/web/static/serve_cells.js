// Grids as the server draws them, whose cells have gaps, as the sheets without gaps that the page's pictures are of.

const GAP = 2; // pixels between the server's cells

/** Return the layout of a run's images in a grid. */
export function cellsOf(run, count, columns) {
  return { count, columns, width: run.width, height: run.height };
}

/** Return a canvas with the cells of a grid that was not enlarged, side by side. */
export function withoutGaps(picture, cells) {
  const sheet = document.createElement("canvas");
  sheet.width = cells.columns * cells.width;
  sheet.height = Math.ceil(cells.count / cells.columns) * cells.height;
  const pen = sheet.getContext("2d");
  for (let at = 0; at < cells.count; at += 1) {
    const [column, row] = [at % cells.columns, Math.floor(at / cells.columns)];
    const from = [column * (cells.width + GAP), row * (cells.height + GAP), cells.width, cells.height];
    pen.drawImage(picture, ...from, column * cells.width, row * cells.height, cells.width, cells.height);
  }
  return sheet;
}

/** Show a picture as it is on a canvas. */
export function paintWhole(canvas, picture) {
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
}
