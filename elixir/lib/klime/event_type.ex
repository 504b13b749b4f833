defmodule Klime.EventType do
  @moduledoc """
  The three kinds of events.
  """

  @typedoc "A kind of event."
  @type t :: :track | :identify | :group

  @types [:track, :identify, :group]

  @doc """
  All of them.

      iex> Klime.EventType.all()
      [:track, :identify, :group]
  """
  @spec all() :: [t()]
  def all, do: @types

  @doc """
  What a user or a group did.

      iex> Klime.EventType.track()
      :track
  """
  @spec track() :: :track
  def track, do: :track

  @doc """
  Who a user is.

      iex> Klime.EventType.identify()
      :identify
  """
  @spec identify() :: :identify
  def identify, do: :identify

  @doc """
  What a group is, and that a user belongs to it.

      iex> Klime.EventType.group()
      :group
  """
  @spec group() :: :group
  def group, do: :group

  @doc """
  Whether this is one of them, as an atom or as on the wire.

      iex> Klime.EventType.valid?(:track)
      true
      iex> Klime.EventType.valid?("identify")
      true
      iex> Klime.EventType.valid?(:alias)
      false
  """
  @spec valid?(term()) :: boolean()
  def valid?(type), do: match?({:ok, _}, cast(type))

  @doc false
  def cast(type) do
    case Enum.find(@types, &(type == &1 or type == Atom.to_string(&1))) do
      nil -> :error
      known -> {:ok, known}
    end
  end
end
