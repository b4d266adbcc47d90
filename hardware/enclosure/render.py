"""Draw the STL files as pictures: ``python render.py`` (needs VTK, which CadQuery brings)."""

from __future__ import annotations

from pathlib import Path

import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the renderer
from parameters import ENCLOSURE as M
from vtkmodules.vtkFiltersCore import vtkFeatureEdges, vtkPolyDataNormals
from vtkmodules.vtkIOGeometry import vtkSTLReader
from vtkmodules.vtkIOImage import vtkPNGWriter
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkLight,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

FOLDER = Path(__file__).parent
BODY, LID, MOUNT = (0.87, 0.90, 0.93), (0.20, 0.47, 0.72), (0.95, 0.62, 0.25)


def actors_of(name: str, colour: tuple[float, float, float], at: tuple[float, float, float]) -> list[vtkActor]:
    """Return a part, placed, and its edges."""
    reader = vtkSTLReader()
    reader.SetFileName(str(FOLDER / f"{name}.stl"))
    normals = vtkPolyDataNormals()
    normals.SetInputConnection(reader.GetOutputPort())
    normals.SplittingOn()
    normals.SetFeatureAngle(25)
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(normals.GetOutputPort())
    shown = vtkActor()
    shown.SetMapper(mapper)
    shown.SetPosition(*at)
    look = shown.GetProperty()
    look.SetColor(*colour)
    look.SetAmbient(0.25)
    look.SetSpecular(0.15)
    edges = vtkFeatureEdges()
    edges.SetInputConnection(reader.GetOutputPort())
    edges.SetFeatureAngle(25)
    edges.BoundaryEdgesOff()
    edges.ColoringOff()
    drawn = vtkPolyDataMapper()
    drawn.SetInputConnection(edges.GetOutputPort())
    lines = vtkActor()
    lines.SetMapper(drawn)
    lines.SetPosition(*at)
    lines.GetProperty().SetColor(0.1, 0.13, 0.17)
    lines.GetProperty().SetLineWidth(1.6)
    return [shown, lines]


def picture(path: Path, actors: list[vtkActor], eye: tuple[float, float, float], size: tuple[int, int]) -> None:
    """Write a view from a direction."""
    renderer = vtkRenderer()
    renderer.SetBackground(1, 1, 1)
    for shown in actors:
        renderer.AddActor(shown)
    light = vtkLight()
    light.SetLightTypeToCameraLight()
    light.SetPosition(-0.6, 0.9, 1.0)
    renderer.AddLight(light)
    window = vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(8)
    window.SetSize(*size)
    window.AddRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.SetPosition(*eye)
    camera.SetFocalPoint(0, 0, 0)
    camera.SetViewUp(1, 0, 0)
    renderer.ResetCamera()
    camera.Zoom(1.15)
    window.Render()
    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    writer = vtkPNGWriter()
    writer.SetFileName(str(path))
    writer.SetInputConnection(grab.GetOutputPort())
    writer.Write()


if __name__ == "__main__":
    closed = [
        *actors_of("base", BODY, (0, 0, 0)),
        *actors_of("lid", LID, (0, 0, M.base_z)),
        *actors_of("strap_mount", MOUNT, (0, 0, 0)),
    ]
    picture(FOLDER / "closed.png", closed, (-60, -90, 150), (620, 620))
    apart = [
        *actors_of("strap_mount", MOUNT, (0, 0, -40)),
        *actors_of("base", BODY, (0, 0, -15)),
        *actors_of("lid", LID, (0, 0, M.base_z + 20)),
    ]
    picture(FOLDER / "apart.png", apart, (-40, -150, 110), (760, 560))
    below = [*actors_of("base", BODY, (0, 0, 0)), *actors_of("clip_mount", MOUNT, (0, 0, -30))]
    picture(FOLDER / "below.png", below, (-120, -120, -110), (620, 620))
