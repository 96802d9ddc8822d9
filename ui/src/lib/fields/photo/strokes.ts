/** Lines drawn with a finger, and words written under them, as they are painted on a canvas. */
export type Stroke = { colour: string; points: { x: number; y: number }[] };

type Canvas = { width: number; height: number };

export const INK = '#14181c';

export function paintStrokes(pen: CanvasRenderingContext2D, strokes: Stroke[], canvas: Canvas): void {
  Object.assign(pen, { lineWidth: Math.max(canvas.width, canvas.height) / 150, lineCap: 'round', lineJoin: 'round' });
  for (const { colour, points } of strokes) {
    pen.strokeStyle = colour;
    pen.beginPath();
    points.forEach(({ x, y }, index) => (index === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
    // A dot is a line that went nowhere, which a canvas would not draw.
    if (points.length === 1) pen.lineTo((points[0]?.x ?? 0) + 0.1, points[0]?.y ?? 0);
    pen.stroke();
  }
}

/** Words along the foot of the picture, on a band that keeps them legible over a photo. */
export function paintWords(pen: CanvasRenderingContext2D, words: string, canvas: Canvas): void {
  if (words.trim() === '') return;
  const size = Math.round(canvas.width / 16);
  pen.font = `600 ${size}px 'Atkinson Hyperlegible Next', Verdana, sans-serif`;
  const lines = wrapped(words, (text) => pen.measureText(text).width, canvas.width - 2 * size);
  const height = lines.length * size * 1.3 + size * 0.7;
  pen.fillStyle = 'rgba(255, 255, 255, 0.88)';
  pen.fillRect(0, canvas.height - height, canvas.width, height);
  pen.fillStyle = INK;
  lines.forEach((line, index) => pen.fillText(line, size, canvas.height - height + size * (1.25 + index * 1.3)));
}

/** The lines that words break into where none may be wider than this. */
export function wrapped(words: string, widthOf: (text: string) => number, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of words.trim().split('\n')) {
    let line = '';
    for (const word of paragraph.split(/\s+/)) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && width < widthOf(longer)) {
        lines.push(line);
        line = word;
      } else {
        line = longer;
      }
    }
    lines.push(line);
  }
  return lines;
}
