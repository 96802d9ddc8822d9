/** How much of a picture a stage shows: how many times larger than it fits, and which point of the picture is at the middle. */

export interface View {
  scale: number;
  /** In fractions of the picture's width and height, so that one view does for two pictures of any size. */
  x: number;
  y: number;
}

export interface Area {
  width: number;
  height: number;
}

export const FITTED: View = { scale: 1, x: 0.5, y: 0.5 };
export const CLOSEST = 12;
/** What one press of a key or a button does. */
export const STEP = 1.5;
const PAN = 0.2;

/** The picture's size where all of it fits the stage. */
export function fitted(picture: Area, stage: Area): Area {
  if (picture.width <= 0 || picture.height <= 0) return { width: 0, height: 0 };
  const by = Math.min(stage.width / picture.width, stage.height / picture.height);
  return { width: picture.width * by, height: picture.height * by };
}

/** Nearer or further, with the point under the pointer staying where it is. */
export function zoomed(view: View, by: number, picture: Area, stage: Area, at: { x: number; y: number } | null = null): View {
  const size = fitted(picture, stage);
  const scale = Math.min(CLOSEST, Math.max(1, view.scale * by));
  const off = at === null ? { x: 0, y: 0 } : { x: at.x - stage.width / 2, y: at.y - stage.height / 2 };
  if (size.width === 0) return { ...view, scale };
  const x = view.x + off.x / (size.width * view.scale) - off.x / (size.width * scale);
  const y = view.y + off.y / (size.height * view.scale) - off.y / (size.height * scale);
  return held({ scale, x, y }, picture, stage);
}

/** Moved by so many pixels of the stage, as a hand drags it. */
export function dragged(view: View, dx: number, dy: number, picture: Area, stage: Area): View {
  const size = fitted(picture, stage);
  if (size.width === 0) return view;
  return held({ ...view, x: view.x - dx / (size.width * view.scale), y: view.y - dy / (size.height * view.scale) }, picture, stage);
}

/** Moved by a fifth of what is seen. */
export function stepped(view: View, right: number, down: number, picture: Area, stage: Area): View {
  return dragged(view, -right * PAN * stage.width, -down * PAN * stage.height, picture, stage);
}

/** No further than the picture's edges. */
function held(view: View, picture: Area, stage: Area): View {
  const size = fitted(picture, stage);
  const within = (middle: number, seen: number) => (seen >= 0.5 ? 0.5 : Math.min(1 - seen, Math.max(seen, middle)));
  return {
    scale: view.scale,
    x: within(view.x, stage.width / (2 * size.width * view.scale)),
    y: within(view.y, stage.height / (2 * size.height * view.scale)),
  };
}

/** Where the picture's corner lies on the stage, and how large it is drawn. */
export function placed(view: View, picture: Area, stage: Area): Area & { left: number; top: number } {
  const size = fitted(picture, stage);
  const [width, height] = [size.width * view.scale, size.height * view.scale];
  return { width, height, left: stage.width / 2 - view.x * width, top: stage.height / 2 - view.y * height };
}

/** What a key does to the view; null where it is none of ours. Arrows belong to the picture only while it is larger than its stage. */
export function keyedView(key: string, view: View, picture: Area, stage: Area): View | null {
  if (key === '+' || key === '=') return zoomed(view, STEP, picture, stage);
  if (key === '-') return zoomed(view, 1 / STEP, picture, stage);
  if (key === '0') return FITTED;
  if (view.scale === 1) return null;
  if (key === 'ArrowRight') return stepped(view, 1, 0, picture, stage);
  if (key === 'ArrowLeft') return stepped(view, -1, 0, picture, stage);
  if (key === 'ArrowDown') return stepped(view, 0, 1, picture, stage);
  if (key === 'ArrowUp') return stepped(view, 0, -1, picture, stage);
  return null;
}
